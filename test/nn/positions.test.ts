import { describe, expect, it } from 'vitest';
import { RelativePositionBias, sinusoidalTable } from '../../src/nn/index.ts';
import { relativeBuckets } from '../../src/nn/positions.ts';
import { arange, noGrad, scope, tensor, withSeed } from '../../src/torch/index.ts';
import { checkGradients, expectClose } from '../torch/helpers.ts';

describe('sinusoids', () => {
  it.each([8, 7, 1])('have sines in the first half, cosines in the second: width %i', dim => {
    const sines = Math.ceil(dim / 2);
    const rows = Array.from({ length: 50 }, (_, position) => {
      const wave = (i: number): number => position / 10000 ** ((2 * i) / dim);
      return [
        ...Array.from({ length: sines }, (_, i) => Math.sin(wave(i))),
        ...Array.from({ length: dim - sines }, (_, i) => Math.cos(wave(i))),
      ];
    });
    expectClose(sinusoidalTable(50, dim), tensor(rows), { atol: 1e-6 });
  });
});

describe('buckets of distances', () => {
  const bucketsOf = (limit: number, buckets: number, maxDistance: number, bidirectional: boolean): number[] => {
    const offsets = arange(-limit, limit + 1, { dtype: 'int64' });
    return Array.from(relativeBuckets(offsets, { buckets, maxDistance, bidirectional }).toNumbers());
  };

  /**
   * The last step k of the logarithmic part with (maxDistance / exact)^(k / steps) ≤ distance / exact, in whole numbers:
   * maxDistance^k · exact^steps ≤ distance^steps · exact^k. `onBorder` where both sides are equal.
   */
  function exactStep(distance: number, exact: number, steps: number, maxDistance: number) {
    const [d, e, m, n] = [distance, exact, maxDistance, steps].map(BigInt);
    let [k, onBorder] = [0, false];
    while (k < steps) {
      const [left, right] = [m ** BigInt(k + 1) * e ** n, d ** n * e ** BigInt(k + 1)];
      if (left > right) break;
      onBorder = left === right;
      k++;
    }
    return { k, onBorder };
  }

  it.each([
    { buckets: 32, maxDistance: 128 },
    { buckets: 8, maxDistance: 16 },
    { buckets: 9, maxDistance: 20 },
    { buckets: 7, maxDistance: 100 },
    { buckets: 33, maxDistance: 1000 },
    { buckets: 12, maxDistance: 96 },
  ])('$buckets to $maxDistance are those of exact arithmetic', ({ buckets, maxDistance }) => {
    for (const bidirectional of [true, false]) {
      const range = bidirectional ? Math.floor(buckets / 2) : buckets;
      const exact = Math.floor(range / 2);
      for (const [i, bucket] of bucketsOf(400, buckets, maxDistance, bidirectional).entries()) {
        const offset = i - 400;
        const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
        const first = bidirectional && offset > 0 ? range : 0;
        if (distance < exact) {
          expect(bucket, `${offset}`).toBe(first + distance);
          continue;
        }
        const { k, onBorder } = exactStep(distance, exact, range - exact, maxDistance);
        const highest = first + Math.min(range - 1, exact + k);
        // On a border, the rounding of float32 may fall to the lower side.
        if (onBorder && bucket === highest - 1) continue;
        expect(bucket, `${offset}`).toBe(highest);
      }
    }
  });

  it('fall on the borders as in PyTorch', () => {
    const later = bucketsOf(128, 32, 128, true).slice(129);
    const firsts = later.map((bucket, i) => (bucket === later[i - 1] ? 0 : i + 1)).filter(first => first > 0);
    expect(firsts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91]);
  });
});

describe('the bias', () => {
  const options = { heads: 3, buckets: 8, maxDistance: 16 };

  it.each([true, false])('of a query for a key is that of their distance; both directions: %s', bidirectional => {
    const bias = new RelativePositionBias({ ...options, bidirectional });
    withSeed(1, () => noGrad(() => bias.table.weight.normal_()));
    const table = bias.table.weight.toArray() as number[][];
    const [queries, keys] = [4, 30];
    const expected = [0, 1, 2].map(head =>
      Array.from({ length: queries }, (_, q) => {
        const distances = tensor(
          Array.from({ length: keys }, (_, key) => key - (keys - queries + q)),
          { dtype: 'int64' },
        );
        return Array.from(relativeBuckets(distances, { ...options, bidirectional }).toNumbers(), b => table[b][head]);
      }),
    );
    expectClose(bias.forward(queries, keys, 'cpu'), tensor([expected]));
    scope(() => {
      bias.to({ dtype: 'float64' });
      checkGradients(() => bias.forward(3, 5, 'cpu'), bias.parameters());
    });
  });

  it('refuses so few buckets that near and far are one', () => {
    expect(() => new RelativePositionBias({ ...options, buckets: 3, bidirectional: true })).toThrow(/too few/);
    expect(() => new RelativePositionBias({ ...options, buckets: 1, bidirectional: false })).toThrow(/too few/);
  });
});
