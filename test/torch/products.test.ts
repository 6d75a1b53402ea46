/** The fused operators around matrix products beside the composition of libtorch's own operators in float32. */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  backward,
  inferenceMode,
  manualSeed,
  memoryStats,
  noGrad,
  randn,
  resetPeakMemory,
  scope,
  type Tensor,
  tensor,
} from '../../src/torch/index.ts';
import { native } from '../../src/torch/native.ts';
import {
  type AttentionProductOptions,
  attentionProduct,
  type FusedActivation,
  feedForward,
  hasProducts,
  linearCrossEntropy,
  linearProduct,
  packedAttentionProduct,
  packedLinear,
  packWeight,
  reference,
} from '../../src/torch/products.ts';

type Operation = (...inputs: Tensor[]) => Tensor;

/** Relative to the largest element: a few roundings of bfloat16, whose significand has 8 bits. */
function expectNear(actual: Tensor, expected: Tensor, what: string, factor = 1): void {
  expect(actual.shape, what).toEqual(expected.shape);
  if (actual.numel === 0) return;
  const largest = expected.to('float32').abs().amax().item();
  const difference = actual.to('float32').sub(expected.to('float32')).abs().amax().item();
  expect(difference, what).toBeLessThanOrEqual(factor * 2 ** -6 * largest + 4e-6);
}

function resultAndGradients(operation: Operation, inputs: readonly Tensor[], weights: Tensor): Tensor[] {
  const leaves = inputs.map(input => {
    const leaf = input.detach();
    leaf.requiresGrad = true;
    return leaf;
  });
  const result = operation(...leaves);
  backward(result, { gradient: weights.to(result.dtype) });
  return [result, ...leaves.map(leaf => leaf.grad!)];
}

/** Both in one go: results and gradients of the fused operator, in the inputs' types, beside float32. */
function compare(fused: Operation, plain: Operation, inputs: readonly Tensor[], factor = 1): void {
  const weights = randn(noGrad(() => plain(...inputs.map(x => x.to('float32')))).shape).to('bfloat16');
  const actual = resultAndGradients(fused, inputs, weights);
  const expected = resultAndGradients(
    plain,
    inputs.map(input => input.to('float32')),
    weights,
  );
  for (const [i, value] of actual.entries()) {
    expectNear(value, expected[i], i === 0 ? 'result' : `gradient ${i - 1}`, factor);
    if (i > 0) expect(value.dtype).toBe(inputs[i - 1].dtype);
  }
}

/** float32 with values of bfloat16: a rounded weight on the other side of a kink would be another function. */
const rounded = (shape: number[], scale = 1): Tensor => bf16(shape, scale).to('float32');
const bf16 = (shape: number[], scale = 1): Tensor => randn(shape).mul(scale).to('bfloat16');
/** The same values, not contiguous. */
const scattered = (x: Tensor): Tensor => x.transpose(0, -1).contiguous().transpose(0, -1);

describe.skipIf(!hasProducts())('products in bfloat16', () => {
  beforeEach(() => manualSeed(1));

  describe('linear', () => {
    const shapes = [
      [1, 1, 1],
      [1, 33, 70],
      [3, 64, 32],
      [9, 31, 33],
      [32, 32, 32],
      [70, 45, 37],
      [65, 300, 2100],
      [130, 700, 600],
    ];
    for (const [rows, inside, outside] of shapes) {
      it(`[${rows}, ${inside}] → ${outside}`, () =>
        scope(() => {
          const x = bf16([rows, inside]);
          for (const dtype of ['float32', 'bfloat16'] as const) {
            const weight = randn([outside, inside]).to(dtype);
            const bias = randn([outside]).to(dtype);
            compare(
              (a, w) => linearProduct(a, w),
              (a, w) => reference.linear(a, w),
              [x, weight],
            );
            compare(
              (a, w, b) => linearProduct(a, w, { bias: b }),
              (a, w, b) => reference.linear(a, w, { bias: b }),
              [scattered(x), scattered(weight), bias],
            );
            compare(
              (a, w, b, r) => linearProduct(a, w, { bias: b, residual: r }),
              (a, w, b, r) => reference.linear(a, w, { bias: b, residual: r }),
              [x, weight, bias, randn([rows, outside])],
            );
          }
        }));
    }

    it('keeps leading dimensions, takes no rows, and rounds once', () =>
      scope(() => {
        expect(linearProduct(bf16([2, 3, 4, 8]), randn([5, 8])).shape).toEqual([2, 3, 4, 5]);
        expect(linearProduct(bf16([0, 8]), randn([5, 8])).shape).toEqual([0, 5]);
        const [x, w] = [bf16([40, 64]), bf16([48, 64])];
        const exact = x.to('float64').matmul(w.to('float64').transpose(0, 1));
        const one = linearProduct(x, w).to('float64').sub(exact).abs().div(exact.abs().add(1e-3)).amax().item();
        expect(one).toBeLessThanOrEqual(2 ** -8);
      }));

    it('gives only the gradients that are asked for', () =>
      scope(() => {
        const weight = randn([5, 8]);
        weight.requiresGrad = true;
        backward(
          linearProduct(bf16([40, 8]), weight)
            .to('float32')
            .sum(),
        );
        expect(weight.grad!.shape).toEqual([5, 8]);
        expect(inferenceMode(() => linearProduct(bf16([40, 8]), weight)).shape).toEqual([40, 5]);
      }));

    it('names what does not fit', () =>
      scope(() => {
        expect(() => linearProduct(bf16([4, 8]), randn([5, 9]))).toThrow(/linear takes x \[\.\.\., in\]/);
        expect(() => linearProduct(randn([4, 8]), randn([5, 8]))).toThrow(/linear takes bfloat16/);
        expect(() => linearProduct(bf16([4, 8]), randn([5, 8]), { bias: randn([4]) })).toThrow(/bias of 5/);
        expect(() => linearProduct(bf16([4, 8]), randn([5, 8]), { residual: randn([4, 8]) })).toThrow(/residual/);
      }));

    it('NaN stays where it comes from', () =>
      scope(() => {
        const x = bf16([40, 64]);
        x.narrow(0, 7, 1).fill_(Number.NaN);
        const rows = linearProduct(x, randn([33, 64]))
          .to('float32')
          .isnan()
          .toNumbers();
        expect(rows.map((nan, i) => nan === (Math.floor(i / 33) === 7 ? 1 : 0)).every(Boolean)).toBe(true);
      }));
  });

  describe('feed-forward', () => {
    for (const activation of ['gelu_tanh', 'gelu', 'silu', 'relu'] as FusedActivation[]) {
      for (const [rows, hidden, inside] of [
        [1, 8, 12],
        [37, 40, 100],
        [64, 96, 384],
      ]) {
        it(`${activation} [${rows}, ${hidden}] through ${inside}`, () =>
          scope(() => {
            const x = bf16([rows, hidden]);
            const input = rounded([inside, hidden], 1 / Math.sqrt(hidden));
            const gate = rounded([inside, hidden], 1 / Math.sqrt(hidden));
            const output = rounded([hidden, inside], 1 / Math.sqrt(inside));
            const [b1, b2] = [rounded([inside]), rounded([hidden])];
            const residual = randn([rows, hidden]);
            type Weights = [x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor, r: Tensor];
            const plain =
              (f: typeof feedForward, isResidual: boolean) =>
              (...[a, w1, c1, w2, c2, r]: Weights) =>
                f(a, { input: w1, inputBias: c1, output: w2, outputBias: c2 }, activation, isResidual ? r : undefined);
            const all = [x, input, b1, output, b2, residual];
            compare(plain(feedForward, true) as Operation, plain(reference.feedForward, true) as Operation, all);
            const gated =
              (f: typeof feedForward) =>
              (...[a, g, w1, w2, r]: Tensor[]) =>
                f(a, { input: w1, gate: g, output: w2 }, activation, r);
            compare(gated(feedForward), gated(reference.feedForward), [x, gate, input, output, residual], 2);
            const open = (f: typeof feedForward) => (a: Tensor, w1: Tensor, w2: Tensor) =>
              f(a, { input: w1, output: w2 }, activation);
            compare(open(feedForward) as Operation, open(reference.feedForward) as Operation, [x, input, output]);
          }));
      }
    }

    it('refuses weights that do not fit and unknown activations', () =>
      scope(() => {
        const [x, w] = [bf16([4, 8]), randn([12, 8])];
        expect(() => feedForward(x, { input: w, output: randn([8, 13]) }, 'relu')).toThrow(/feed_forward takes/);
        expect(() => feedForward(x, { input: w, output: randn([8, 12]) }, 'none' as never)).toThrow(
          /activation 'none'/,
        );
      }));
  });

  describe.each(['bfloat16', 'float32'] as const)('attention in %s', dtype => {
    const heads = (shape: number[]): Tensor => randn(shape).to(dtype);
    // Of float32 a few roundings of its own.
    const factor = dtype === 'float32' ? 2 ** -9 : 2;

    const cases: [name: string, q: number[], k: number[], options: Partial<AttentionProductOptions>][] = [
      ['one query', [1, 2, 1, 16], [1, 2, 5, 16], { causal: true }],
      ['causal', [2, 3, 50, 32], [2, 3, 50, 32], { causal: true }],
      ['all', [2, 3, 33, 24], [2, 3, 70, 24], { causal: false }],
      ['causal after a cache', [1, 2, 20, 64], [1, 2, 100, 64], { causal: true }],
      ['few queries, shared keys', [2, 6, 3, 40], [2, 2, 90, 40], { causal: true }],
      ['shared keys', [1, 4, 40, 32], [1, 1, 40, 32], { causal: true }],
      ['window', [1, 2, 130, 16], [1, 2, 130, 16], { causal: true, window: 37 }],
      ['window of one', [1, 2, 70, 16], [1, 2, 70, 16], { causal: true, window: 1 }],
      ['long', [1, 1, 300, 128], [1, 1, 300, 128], { causal: true }],
    ];
    for (const [name, q, k, options] of cases) {
      it(name, () =>
        scope(() => {
          const all = { scale: 0.3, causal: false, ...options };
          const inputs = [heads(q), heads(k), heads(k)];
          compare(
            (a, b, c) => attentionProduct(a, b, c, all),
            (a, b, c) => reference.attention(a, b, c, all),
            inputs,
            factor,
          );
          // Heads as a projection leaves them, between the vectors of other heads.
          const between = inputs.map(x => x.transpose(1, 2).contiguous().transpose(1, 2));
          expectNear(
            attentionProduct(between[0], between[1], between[2], all),
            attentionProduct(inputs[0], inputs[1], inputs[2], all),
            name,
            0,
          );
        }),
      );
    }

    it('adds a bias, of keys or of pairs', () =>
      scope(() => {
        const [q, k, v] = [heads([2, 2, 40, 16]), heads([2, 2, 45, 16]), heads([2, 2, 45, 16])];
        for (const shape of [
          [2, 1, 1, 45],
          [1, 2, 40, 45],
          [2, 2, 40, 1],
        ]) {
          const bias = randn(shape);
          compare(
            (a, b, c) => attentionProduct(a, b, c, { scale: 0.25, causal: false, bias }),
            (a, b, c) => reference.attention(a, b, c, { scale: 0.25, causal: false, bias }),
            [q, k, v],
            factor,
          );
        }
      }));

    it('keeps documents apart that lie one after another', () =>
      scope(() => {
        const lengths = [[1, 33, 60, 6], [100], [31, 1, 1, 64, 3]];
        const starts = lengths.flatMap(row => {
          let start = 0;
          return row.flatMap(length => {
            const document = Array.from({ length }, () => BigInt(start));
            start += length;
            return document;
          });
        });
        const documentStarts = tensor(BigInt64Array.from(starts), [3, 100]);
        for (const options of [{ causal: true }, { causal: false }, { causal: true, window: 20 }]) {
          const all = { scale: 0.3, documentStarts, ...options };
          for (const queries of [100, 5]) {
            compare(
              (a, b, c) => attentionProduct(a, b, c, all),
              (a, b, c) => reference.attention(a, b, c, all),
              [heads([3, 4, queries, 16]), heads([3, 2, 100, 16]), heads([3, 2, 100, 16])],
              factor,
            );
          }
        }
        const wrong = tensor(BigInt64Array.of(0n, 0n, 1n), [1, 3]);
        const [q, k] = [heads([1, 1, 3, 8]), heads([1, 1, 3, 8])];
        const options = { scale: 1, causal: true, documentStarts: wrong };
        expect(() => attentionProduct(q, k, k, options)).toThrow('position 2 is in a document that starts at 1');
      }));

    it('a query that may see nothing looks at every key alike', () =>
      scope(() => {
        const [q, k, v] = [heads([1, 1, 40, 16]), heads([1, 1, 40, 16]), heads([1, 1, 40, 16])];
        const bias = tensor([-3.4028234663852886e38]).view([1, 1, 1, 1]);
        const out = attentionProduct(q, k, v, { scale: 1, causal: false, bias });
        expectNear(out, v.to('float32').mean([2], { keepdim: true }).expand([1, 1, 40, 16]), 'mean');
      }));

    // Log Σ eˢ of such a row is the lowest float, whatever the sum.
    it.each([
      'float32',
      'bfloat16',
    ] as const)('a query that may see nothing has the gradients of all keys alike, %s', dtype =>
      scope(() => {
        const inputs = [1, 1, 1].map(() => randn([1, 1, 6, 16]).to(dtype));
        const hidden = tensor(Array.from({ length: 36 }, (_, i) => (i < 12 ? -3.4028234663852886e38 : 0)));
        const options = { scale: 0.25, causal: false, bias: hidden.view([1, 1, 6, 6]) };
        compare(
          (a, b, c) => attentionProduct(a, b, c, options),
          (a, b, c) => reference.attention(a, b, c, options),
          inputs,
        );
      }));

    for (const [count, kvHeads, byHead] of [
      [3, 3, false],
      [3, 3, true],
      [4, 2, false],
    ] as const) {
      it(`packed: ${count} heads, ${kvHeads} of keys${byHead ? ', by head' : ''}`, () =>
        scope(() => {
          const packed = { heads: count, kvHeads, byHead };
          const options = { scale: 0.2, causal: true };
          compare(
            x => packedAttentionProduct(x, packed, options),
            x => reference.packedAttention(x, packed, options),
            [heads([2, 70, (count + 2 * kvHeads) * 24])],
            factor,
          );
        }));
    }

    it('a head has the same bits in any batch, and no memory grows with the square of the length', () =>
      scope(() => {
        const options = { scale: 0.2, causal: true };
        const [q, k, v] = [heads([3, 4, 70, 32]), heads([3, 2, 70, 32]), heads([3, 2, 70, 32])];
        const whole = attentionProduct(q, k, v, options);
        const one = attentionProduct(q.narrow(0, 1, 1), k.narrow(0, 1, 1), v.narrow(0, 1, 1), options);
        expectNear(one, whole.narrow(0, 1, 1), 'alone', 0);
        const time = 2048;
        const long = [heads([1, 1, time, 16]), heads([1, 1, time, 16]), heads([1, 1, time, 16])];
        for (const input of long) input.requiresGrad = true;
        resetPeakMemory();
        const before = memoryStats().peakBytes;
        backward(attentionProduct(long[0], long[1], long[2], options).to('float32').sum());
        expect(memoryStats().peakBytes - before).toBeLessThan((4 * time ** 2) / 4);
      }));
  });

  describe('attention', () => {
    it('names what does not fit', () =>
      scope(() => {
        const [q, k] = [bf16([1, 3, 4, 8]), bf16([1, 2, 4, 8])];
        const options = { scale: 1, causal: true };
        expect(() => attentionProduct(q, k, k, options)).toThrow(/attention takes queries/);
        expect(() => attentionProduct(q, bf16([1, 3, 2, 8]), bf16([1, 3, 2, 8]), options)).toThrow(/no more queries/);
        expect(() =>
          packedAttentionProduct(bf16([1, 4, 10]), { heads: 3, kvHeads: 3, byHead: false }, options),
        ).toThrow(/attention_packed takes/);
      }));
  });

  describe('cross-entropy of a linear map', () => {
    for (const [rows, dim, classes] of [
      [1, 8, 3],
      [37, 40, 101],
      [300, 32, process.env.TSLM_LONG ? 70_000 : 9000],
    ]) {
      it(`${rows} rows, ${classes} classes`, () =>
        scope(() => {
          const targets = tensor(
            BigInt64Array.from({ length: rows }, (_, i) => (i % 5 === 3 ? -100n : BigInt((i * 7919) % classes))),
            [rows],
          );
          const [x, weight, bias] = [bf16([rows, dim]), randn([classes, dim]), randn([classes])];
          for (const reductionOf of ['mean', 'sum'] as const) {
            const options = { reduction: reductionOf };
            compare(
              (a, w) => linearCrossEntropy(a, w, targets, options),
              (a, w) => reference.linearCrossEntropy(a, w, targets, options),
              [x, weight],
              2,
            );
          }
          compare(
            (a, w, b) => linearCrossEntropy(a, w, targets, { bias: b }),
            (a, w, b) => reference.linearCrossEntropy(a, w, targets, { bias: b }),
            [x, weight, bias],
            2,
          );
        }));
    }

    it('goes back once, refuses targets out of bounds, and counts nothing as NaN', () =>
      scope(() => {
        const [x, weight] = [bf16([4, 8]), randn([5, 8])];
        weight.requiresGrad = true;
        const targets = tensor(BigInt64Array.of(0n, 1n, 2n, 4n), [4]);
        const loss = linearCrossEntropy(x, weight, targets);
        backward(loss, { retainGraph: true });
        expect(() => backward(loss)).toThrow(/goes back once/);
        expect(() => linearCrossEntropy(x, weight, tensor(BigInt64Array.of(0n, 1n, 2n, 5n), [4]))).toThrow(
          /out of bounds/,
        );
        expect(
          linearCrossEntropy(x, weight, tensor(BigInt64Array.of(-100n, -100n, -100n, -100n), [4])).item(),
        ).toBeNaN();
      }));
  });

  it('gives the same bits for any number of threads', () =>
    scope(() => {
      const [x, w1, w2] = [bf16([200, 96]), randn([384, 96]), randn([96, 384])];
      const qkv = bf16([2, 100, 3 * 96]);
      const before = native().threads();
      const bits = (threads: number): number[] => {
        native().setThreads(threads);
        return scope(() => {
          const weights = [x, w1, w2, qkv].map(t => {
            const leaf = t.detach();
            leaf.requiresGrad = true;
            return leaf;
          });
          const [a, b, c, d] = weights;
          const packed = packedAttentionProduct(
            d,
            { heads: 4, kvHeads: 4, byHead: false },
            { scale: 0.2, causal: true },
          );
          backward(packed.to('float32').square().sum());
          backward(feedForward(a, { input: b, output: c }, 'gelu_tanh').to('float32').square().sum());
          return weights.flatMap(leaf => leaf.grad!.to('float32').flatten().toNumbers());
        });
      };
      expect(bits(1)).toEqual(bits(2));
      native().setThreads(before);
    }));

  it('shares out few rows and columns among any number of threads', () => {
    const before = native().threads();
    try {
      for (const threads of [2, 3, 8]) {
        native().setThreads(threads);
        // Fewer blocks of 32 than threads either way.
        for (const [rows, inside, outside] of [
          [20, 256, 8],
          [32, 64, 32],
          [1, 70_000, 1],
          [5, 700, 40],
          [70, 96, 33],
        ]) {
          scope(() => {
            const [x, weight] = [bf16([rows, inside]), bf16([outside, inside])];
            const expected = reference.linear(x.to('float32'), weight).to('float32');
            const what = `${threads} threads: ${rows} x ${inside} -> ${outside}`;
            expectNear(linearProduct(x, weight), expected, what);
            expectNear(packedLinear(x, packWeight(weight), outside), expected, what);
          });
        }
      }
    } finally {
      native().setThreads(before);
    }
  });
});
