/** Eight bits beside the same arithmetic in JavaScript, and products with them beside products in floats. */
import { describe, expect, it } from 'vitest';
import { Embedding, FeedForward, Linear } from '../../../src/nn/index.ts';
import { dequantizeInt8, type Int8Weight, int8Linear, quantizeInt8 } from '../../../src/nn/weights/int8.ts';
import {
  fromTypedArray,
  memoryStats,
  noGrad,
  randn,
  scope,
  type Tensor,
  tensor,
  withSeed,
  zeros,
} from '../../../src/torch/index.ts';
import { expectClose } from '../../torch/helpers.ts';

const GROUP = 32;

/** Nearest, ties to even. */
function nearest(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Rows as the kernel rounds them, in floats: each group of 32 to 127 steps of its largest. */
function roundedRows(x: Tensor): Tensor {
  const [rows, width] = x.shape;
  const values = x.to('float32').toNumbers();
  for (let row = 0; row < rows; row++) {
    for (let first = 0; first < width; first += GROUP) {
      const places = Array.from({ length: Math.min(GROUP, width - first) }, (_, i) => row * width + first + i);
      const largest = Math.max(...places.map(i => Math.abs(values[i])));
      const [factor, scale] = [Math.fround(127 / largest), Math.fround(largest / 127)];
      for (const i of places) values[i] = largest === 0 ? 0 : nearest(values[i] * factor) * scale;
    }
  }
  return fromTypedArray(Float64Array.from(values), [rows, width]);
}

const withWeight = (weight: Tensor, body: (quantized: Int8Weight) => void): void => {
  const quantized = quantizeInt8(weight);
  body(quantized);
  quantized.data.dispose();
};
const differences = (a: Tensor, b: Tensor): number => a.to('float32').sub(b.to('float32')).abs().amax().item();

describe('weights in eight bits', () => {
  it.each([
    [64, 96],
    [33, 70],
    [1, 5],
  ])('%i × %i: within half a step of each group', (out, width) => {
    scope(() =>
      withSeed(1, () => {
        // Groups of very different sizes, which have nothing to do with each other.
        const weight = randn([out, width]).mul(randn([out, width]).exp());
        withWeight(weight, quantized => {
          const [given, floats] = [weight.toNumbers(), dequantizeInt8(quantized).toNumbers()];
          for (let i = 0; i < given.length; i++) {
            const first = i - ((i % width) % GROUP);
            const last = Math.min(first + GROUP, i - (i % width) + width);
            const largest = Math.max(...given.slice(first, last).map(Math.abs));
            // The scale itself is rounded to eight bits.
            expect(Math.abs(floats[i] - given[i])).toBeLessThanOrEqual((largest / 127) * 0.51);
          }
        });
      }),
    );
  });

  it('take 8½ bits an element, and keep zeros', () => {
    scope(() => {
      withWeight(
        withSeed(1, () => randn([512, 512])),
        ({ data }) => expect((8 * data.nbytes) / 512 ** 2).toBe(8.5),
      );
      withWeight(zeros([40, 40]), quantized => expect(differences(dequantizeInt8(quantized), zeros([40, 40]))).toBe(0));
    });
  });
});

describe('products', () => {
  it.each([
    [700, 1031, 40],
    [33, 70, 3],
    [64, 7, 1],
    [96, 256, 300],
  ])('of %i outputs and %i inputs, %i rows, are those of the rounded factors', (out, width, rows) => {
    scope(() =>
      withSeed(2, () => {
        for (const dtype of ['float32', 'bfloat16'] as const) {
          const [x, bias, residual] = [randn([rows, width]).to(dtype), randn([out]), randn([rows, out])];
          withWeight(randn([out, width]), quantized => {
            const exact = roundedRows(x).matmul(dequantizeInt8(quantized).to('float64').t()).add(bias);
            const added = int8Linear(x, quantized, { bias, residual });
            expect(added.dtype).toBe('float32');
            expectClose(added, exact.add(residual), { atol: 1e-4, rtol: 1e-5 });
            const plain = int8Linear(x, quantized, { bias });
            expect(plain.dtype).toBe(dtype);
            const near = dtype === 'float32' ? { atol: 1e-4, rtol: 1e-5 } : { atol: 1e-3, rtol: 2 ** -8 };
            expectClose(plain.to('float32'), exact, near);
          });
        }
      }),
    );
  });

  it('are near those of the weight as it was', () => {
    scope(() =>
      withSeed(3, () => {
        const [x, weight] = [randn([64, 1024]), randn([256, 1024])];
        withWeight(weight, quantized => {
          const exact = x.matmul(weight.t());
          const error = int8Linear(x, quantized).sub(exact).square().mean().item() / exact.square().mean().item();
          expect(Math.sqrt(error)).toBeLessThan(0.01);
        });
      }),
    );
  });

  it('of a row do not depend on its neighbours', () => {
    scope(() =>
      withSeed(4, () => {
        const x = randn([200, 300]);
        withWeight(randn([100, 300]), quantized => {
          const whole = int8Linear(x, quantized);
          for (const [first, count] of [
            [0, 1],
            [5, 8],
            [33, 17],
            [120, 80],
          ]) {
            const part = int8Linear(x.narrow(0, first, count), quantized);
            expect(differences(part, whole.narrow(0, first, count))).toBe(0);
          }
        });
      }),
    );
  });

  it.each(['gelu_tanh', 'gelu', 'silu', 'relu'] as const)('%s, with a gate and without', activation => {
    scope(() =>
      withSeed(5, () => {
        for (const dtype of ['float32', 'bfloat16'] as const) {
          const [x, bias, gate] = [randn([2, 5, 64]).to(dtype), randn([40]), randn([2, 5, 40]).to(dtype)];
          const f = (h: Tensor): Tensor =>
            ({ gelu_tanh: h.gelu({ approximate: 'tanh' }), gelu: h.gelu(), silu: h.silu(), relu: h.relu() })[
              activation
            ];
          withWeight(randn([40, 64]), quantized => {
            const h = int8Linear(x, quantized, { bias }).to('float32');
            const near = dtype === 'float32' ? { atol: 1e-5, rtol: 1e-5 } : { atol: 0.02, rtol: 2 ** -7 };
            expectClose(int8Linear(x, quantized, { bias, activation }).to('float32'), f(h), near);
            const gated = int8Linear(x, quantized, { bias, activation, gate });
            expect(gated.shape).toEqual([2, 5, 40]);
            expectClose(gated.to('float32'), f(gate.to('float32')).mul(h), near);
          });
        }
      }),
    );
  });

  it('NaN and infinity stay in their rows, rows of zeros are zero', () => {
    scope(() =>
      withSeed(6, () => {
        const x = randn([40, 64]);
        x.narrow(0, 7, 1).narrow(1, 3, 1).fill_(Number.NaN);
        x.narrow(0, 9, 1).narrow(1, 40, 1).fill_(Number.POSITIVE_INFINITY);
        x.narrow(0, 11, 1).fill_(0);
        withWeight(randn([33, 64]), quantized => {
          const y = int8Linear(x, quantized);
          const rows = y.isnan().toNumbers();
          expect(rows.every((nan, i) => nan === ([7, 9].includes(Math.floor(i / 33)) ? 1 : 0))).toBe(true);
          expect(y.narrow(0, 11, 1).abs().amax().item()).toBe(0);
        });
      }),
    );
  });

  it('refuse what does not fit', () => {
    scope(() =>
      withWeight(randn([40, 64]), quantized => {
        expect(() => int8Linear(randn([3, 80]), quantized)).toThrow('a map from 80 to 40');
        expect(() => int8Linear(randn([3, 64]), quantized, { bias: randn([41]) })).toThrow('a bias of 40');
        expect(() => int8Linear(randn([3, 64]), quantized, { gate: randn([3, 40]) })).toThrow('with an activation');
        expect(() => int8Linear(randn([3, 64]), quantized, { residual: randn([2, 40]) })).toThrow('residual');
      }),
    );
  });
});

describe('modules', () => {
  it('a linear map gives up its weight for a quarter of it', () => {
    scope(() => {
      const layer = new Linear(512, 512);
      noGrad(() => layer.parameters().forEach(parameter => void parameter.normal_()));
      const x = randn([3, 512]);
      const exact = noGrad(() => layer.forward(x));
      const before = memoryStats().liveBytes;
      layer.pack('int8');
      expect(before - memoryStats().liveBytes).toBeGreaterThan(0.7 * 4 * 512 ** 2);
      expect(layer.weightBytes).toBe(512 ** 2 * 1.0625);
      const y = noGrad(() => layer.forward(x));
      expect(y.dtype).toBe('float32');
      expect(differences(y, exact)).toBeGreaterThan(0);
      expectClose(y, exact, { atol: 1.5 });
      layer.dispose();
    });
  });

  it('a table projects with eight bits, and gives its rows as they are', () => {
    scope(() => {
      const table = new Embedding(70, 64);
      noGrad(() => void table.weight.normal_());
      const [ids, x] = [tensor(BigInt64Array.of(3n, 69n), [2]), randn([4, 64])];
      const [rows, scores] = noGrad(() => [table.forward(ids), table.project(x)]);
      table.pack('int8');
      expect(table.packedForm).toBe('int8');
      noGrad(() => {
        expect(differences(table.forward(ids), rows)).toBe(0);
        expect(differences(table.project(x), scores)).toBeGreaterThan(0);
        expectClose(table.project(x), scores, { atol: 0.5 });
      });
      table.dispose();
    });
  });

  it.each(['separate', 'fused', undefined] as const)('a feed-forward network: gate %s', gate => {
    scope(() =>
      withSeed(7, () => {
        const network = new FeedForward({ hidden: 64, intermediate: 96, gate, activation: 'silu' });
        noGrad(() => network.parameters().forEach(parameter => void parameter.normal_().mul_(0.1)));
        const x = randn([2, 5, 64]);
        noGrad(() => {
          const exact = network.forward(x, x);
          for (const [, part] of network.namedModules()) if (part instanceof Linear) part.pack('int8');
          expectClose(network.forward(x, x), exact, { atol: 0.05 });
          expectClose(network.forward(x.to('bfloat16'), x), exact, { atol: 0.1 });
        });
        network.dispose();
      }),
    );
  });
});
