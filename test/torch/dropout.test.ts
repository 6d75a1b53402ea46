import { describe, expect, it } from 'vitest';
import { backward, ones, scope, withSeed, zeros } from '../../src/torch/index.ts';
import { dropout } from '../../src/torch/kernels.ts';

/** 1 where an element was kept. */
const kept = (count: number, p: number, seed: number): number[] =>
  scope(() =>
    withSeed(seed, () =>
      dropout(ones([count]), p)
        .ne(0)
        .to('float32')
        .toNumbers(),
    ),
  );

/** Pearson's correlation of bits with a mean of 1 − p. */
function correlation(a: readonly number[], b: readonly number[], p: number): number {
  const sum = a.reduce((total, x, i) => total + (x - (1 - p)) * (b[i] - (1 - p)), 0);
  return sum / a.length / (p * (1 - p));
}

describe('dropout', () => {
  const count = 100_000;

  it('keeps the share that it should, and scales it', () => {
    for (const p of [0.1, 0.5, 0.9]) {
      const share = kept(count, p, 1).reduce((sum, x) => sum + x, 0) / count;
      expect(Math.abs(share - (1 - p))).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / count));
      scope(() => {
        const values = new Set(dropout(ones([1000]), p).toNumbers());
        expect([...values].sort()).toEqual([0, Math.fround(1 / (1 - p))]);
      });
    }
  });

  it('draws neighbours, rows and calls for themselves', () => {
    const bound = 5 / Math.sqrt(count);
    const p = 0.3;
    const mask = kept(count, p, 2);
    for (const distance of [1, 2, 32, 64, 768, 4096]) {
      const shifted = [...mask.slice(distance), ...mask.slice(0, distance)];
      expect(Math.abs(correlation(mask, shifted, p)), `${distance} apart`).toBeLessThan(bound);
    }
    const [first, second] = scope(() =>
      withSeed(3, () =>
        [1, 2].map(() =>
          dropout(ones([count]), p)
            .ne(0)
            .to('float32')
            .toNumbers(),
        ),
      ),
    );
    expect(Math.abs(correlation(first, second, p))).toBeLessThan(bound);
    expect(Math.abs(correlation(mask, kept(count, p, 4), p))).toBeLessThan(bound);
  });

  it('follows from the seed, in either element type and in any number of pieces', () =>
    scope(() => {
      expect(kept(5000, 0.4, 5)).toEqual(kept(5000, 0.4, 5));
      const half = withSeed(5, () => dropout(ones([5000]).to('bfloat16'), 0.4));
      expect(half.dtype).toBe('bfloat16');
      expect(half.ne(0).to('float32').toNumbers()).toEqual(kept(5000, 0.4, 5));
    }));

  it('has the gradient of what it kept', () =>
    scope(() => {
      const x = ones([300, 7]);
      x.requiresGrad = true;
      const y = withSeed(6, () => dropout(x, 0.25));
      backward(y.sum());
      expect(x.grad!.equal(y.detach())).toBe(true);
    }));

  it('takes nothing away with probability 0, everything with 1, and refuses what is none', () =>
    scope(() => {
      expect(dropout(ones([10]), 0).equal(ones([10]))).toBe(true);
      expect(dropout(zeros([0, 3]), 0.5).shape).toEqual([0, 3]);
      expect(dropout(ones([10]), 1).equal(zeros([10]))).toBe(true);
      expect(() => dropout(ones([10]), 1.5)).toThrow('from 0 to 1');
    }));
});
