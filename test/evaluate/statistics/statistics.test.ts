/** Statistics whose promises are tested on data where nothing is to be found. */
import { describe, expect, it } from 'vitest';
import { clusteredError } from '../../../src/evaluate/statistics/clusters.ts';
import { normalQuantile, normalTail } from '../../../src/evaluate/statistics/distributions.ts';
import { wilson } from '../../../src/evaluate/statistics/intervals.ts';
import { mean, meanError } from '../../../src/evaluate/statistics/means.ts';
import { holm } from '../../../src/evaluate/statistics/multiple-comparisons.ts';
import { pairedBootstrap } from '../../../src/evaluate/statistics/paired-bootstrap.ts';
import { signFlipP } from '../../../src/evaluate/statistics/permutation.ts';
import { createRandom } from '../../../src/support/random.ts';

/** Two models that are equally good: differences of items that share a passage go together. */
function nullDifferences(seed: number, clusters: number, each: number): { values: number[]; of: number[] } {
  const random = createRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const of = Array.from({ length: clusters * each }, (_, i) => Math.floor(i / each));
  const shared = Array.from({ length: clusters }, normal);
  return { values: of.map(cluster => 1.6 * shared[cluster] + normal()), of };
}

const shareOf = (runs: number, isRejected: (run: number) => boolean): number =>
  Array.from({ length: runs }, (_, run) => Number(isRejected(run))).reduce((a, b) => a + b) / runs;

describe('items that belong together', () => {
  const runs = 600;
  const z = normalQuantile(0.975);

  it('are found different as often as promised where their clusters are known, and far too often where not', () => {
    const clustered = shareOf(runs, run => {
      const { values, of } = nullDifferences(run, 40, 10);
      return Math.abs(mean(values)) > z * clusteredError(values, of).corrected;
    });
    const naive = shareOf(runs, run => {
      const { values } = nullDifferences(run, 40, 10);
      return Math.abs(mean(values)) > z * meanError(values);
    });
    expect(clustered).toBeGreaterThan(0.03);
    expect(clustered).toBeLessThan(0.07);
    expect(naive).toBeGreaterThan(0.35);
  });

  it('change sign together in a permutation, and are drawn together in a bootstrap', () => {
    const permuted = shareOf(300, run => {
      const { values, of } = nullDifferences(run, 16, 6);
      return signFlipP(values, { clusters: of }) < 0.05;
    });
    expect(permuted).toBeGreaterThan(0.02);
    expect(permuted).toBeLessThan(0.08);
    const { values, of } = nullDifferences(1, 30, 10);
    const together = pairedBootstrap(values, { replicates: 400, clusters: of }).error;
    const apart = pairedBootstrap(values, { replicates: 400 }).error;
    expect(together / apart).toBeGreaterThan(1.8);
    expect(together / clusteredError(values, of).plain).toBeCloseTo(1, 0);
  });
});

describe('several tests at once', () => {
  it('reject one true null in twenty families at most', () => {
    const share = shareOf(400, run => {
      const random = createRandom(run);
      return holm(Array.from({ length: 10 }, () => random.next())).some(p => p < 0.05);
    });
    expect(share).toBeLessThan(0.08);
  });
});

describe('intervals and distributions', () => {
  it('hold what they promise for few items', () => {
    const random = createRandom(5);
    const covered = shareOf(500, () => {
      const right = Array.from({ length: 20 }, () => Number(random.next() < 0.9)).reduce((a, b) => a + b);
      const [low, high] = wilson(right, 20);
      return low <= 0.9 && 0.9 <= high;
    });
    expect(covered).toBeGreaterThan(0.92);
  });

  it('are each other’s inverse', () => {
    for (const p of [1e-6, 0.01, 0.3, 0.5, 0.975, 1 - 1e-9])
      expect(1 - normalTail(normalQuantile(p))).toBeCloseTo(p, 12);
  });

  it('counts signs by drawing where there are too many to count', () => {
    const values = Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? -1 : 1));
    // 20 of 30: two-sided binomial p 0.0987
    expect(signFlipP(values, { replicates: 20_000 })).toBeCloseTo(0.0987, 2);
  });
});
