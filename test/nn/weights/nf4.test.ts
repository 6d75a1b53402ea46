/** Four bits beside what numpy makes of the definitions (`bench/peers/record_nf4.py`), and products with them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Linear } from '../../../src/nn/index.ts';
import {
  bytesOfNf4,
  dequantizeNf4,
  disposeNf4,
  dynamicMap,
  nf4Linear,
  quantizeNf4,
} from '../../../src/nn/weights/nf4.ts';
import {
  autocast,
  backward,
  memoryStats,
  noGrad,
  randn,
  resetPeakMemory,
  scope,
  type Tensor,
  tensor,
  withSeed,
} from '../../../src/torch/index.ts';
import { expectClose } from '../../torch/helpers.ts';

const golden = JSON.parse(readFileSync('test/fixtures/nf4.json', 'utf8'));

describe('NF4 with double quantisation', () => {
  it('has the codes and scales of the definitions', () => {
    scope(() => {
      const weight = quantizeNf4(tensor(golden.weight as number[][]));
      expectClose(dynamicMap(), tensor(golden.map as number[]), { atol: 1e-7 });
      expect(weight.codes.toNumbers()).toEqual(golden.codes);
      expect(weight.scales.toNumbers()).toEqual(golden.scales);
      expect(weight.offset).toBeCloseTo(golden.offset, 6);
      expect(weight.outer.item()).toBeCloseTo(golden.outer, 6);
      expectClose(dequantizeNf4(weight), tensor(golden.dequantized as number[][]), { atol: 1e-5 });
      disposeNf4(weight);
    });
  });

  it('keeps the sixteen levels themselves', () => {
    scope(() => {
      const levels = tensor([golden.levels as number[]]).repeat([4, 4]);
      const weight = quantizeNf4(levels);
      expectClose(dequantizeNf4(weight), levels, { atol: 1e-6 });
      disposeNf4(weight);
    });
  });

  it('takes about four bits an element', () => {
    scope(() => {
      const weight = quantizeNf4(withSeed(1, () => randn([512, 512])));
      expect((8 * bytesOfNf4(weight)) / 512 ** 2).toBeLessThan(4.2);
      disposeNf4(weight);
    });
  });
});

describe('products', () => {
  // Several panels, rows that end within a block, and an odd width.
  it.each([
    [700, 1031, 40],
    [33, 70, 3],
    [64, 7, 1],
  ])('of %i outputs and %i inputs are those of the matrix in floats', (out, width, rows) => {
    scope(() =>
      withSeed(2, () => {
        const weight = quantizeNf4(randn([out, width]));
        const [bias, residual, x] = [randn([out]), randn([rows, out]), randn([rows, width])];
        const floats = dequantizeNf4(weight);
        const grad = (make: (x: Tensor) => Tensor): [Tensor, Tensor] => {
          const input = x.detach().clone();
          input.requiresGrad = true;
          const y = make(input);
          backward(y.sin().sum());
          return [y.detach(), input.grad!];
        };
        const [y, dx] = grad(input => nf4Linear(input, weight, { bias, residual }));
        const [wanted, wantedDx] = grad(input => input.matmul(floats.t()).add(bias).add(residual));
        expectClose(y, wanted, { atol: 1e-3, rtol: 1e-4 });
        expectClose(dx, wantedDx, { atol: 2e-3, rtol: 1e-3 });
        disposeNf4(weight);
      }),
    );
  });

  it('run in 16 bits in mixed precision', () => {
    scope(() =>
      withSeed(3, () => {
        const layer = new Linear(96, 64);
        noGrad(() => {
          for (const parameter of layer.parameters()) parameter.normal_();
        });
        layer.quantize();
        const x = randn([5, 96]);
        x.requiresGrad = true;
        const exact = layer.forward(x);
        const rounded = autocast('bfloat16', () => layer.forward(x));
        expect(rounded.dtype).toBe('bfloat16');
        expectClose(rounded.to('float32'), exact, { atol: 0.3, rtol: 0.02 });
        backward(rounded.to('float32').sum());
        const gradient = x.grad!;
        layer.dequantize();
        expectClose(gradient, layer.weight.detach().sum([0]).expand([5, 96]), { atol: 0.3, rtol: 0.02 });
        layer.dispose();
      }),
    );
  });

  it('never have the whole matrix in memory', () => {
    scope(() => {
      const layer = new Linear(2048, 2048, { bias: false });
      noGrad(() => layer.weight.normal_());
      const floats = 4 * layer.weight.numel;
      const full = memoryStats().liveBytes;
      layer.quantize();
      expect(full - memoryStats().liveBytes).toBeGreaterThan(0.85 * floats);
      const before = memoryStats().liveBytes;
      scope(() => {
        const x = randn([4, 2048]);
        x.requiresGrad = true;
        const live = memoryStats().liveBytes;
        resetPeakMemory();
        backward(layer.forward(x).sum());
        expect(memoryStats().peakBytes - live).toBeLessThan(0.2 * floats);
      });
      expect(memoryStats().liveBytes).toBe(before);
      layer.dispose();
    });
  });
});
