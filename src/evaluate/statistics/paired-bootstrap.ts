/** The mean difference of two models over samples drawn from the items (Efron 1979; Koehn 2004), with Python's draws. */
import { pythonRandom } from '../../support/python-random.ts';
import type { Interval } from './intervals.ts';
import { sampleDeviation } from './means.ts';

export interface PairedBootstrap {
  error: number;
  /** Percentiles. */
  interval: Interval;
  /** Share of replicates at or below 0, and at or above. */
  atMostZero: number;
  atLeastZero: number;
  /** Twice the smaller of the two. */
  p: number;
  replicates: number[];
}

/** @param clusters draw whole clusters in place of items */
export function pairedBootstrap(
  differences: readonly number[],
  {
    seed = 1234,
    replicates = 1000,
    level = 0.95,
    clusters,
  }: { seed?: number; replicates?: number; level?: number; clusters?: readonly unknown[] } = {},
): PairedBootstrap {
  const random = pythonRandom(seed);
  const units = clusters ? unitsOf(differences, clusters) : differences.map(value => ({ sum: value, count: 1 }));
  const means = Array.from({ length: replicates }, () => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < units.length; i++) {
      const unit = units[Math.floor(random.random() * units.length)];
      sum += unit.sum;
      count += unit.count;
    }
    return sum / count;
  });
  const sorted = [...means].sort((a, b) => a - b);
  const share = (test: (value: number) => boolean): number => means.filter(test).length / replicates;
  const [atMostZero, atLeastZero] = [share(value => value <= 0), share(value => value >= 0)];
  const tail = (1 - level) / 2;
  return {
    error: sampleDeviation(means),
    interval: [percentile(sorted, tail), percentile(sorted, 1 - tail)],
    atMostZero,
    atLeastZero,
    p: Math.min(1, 2 * Math.min(atMostZero, atLeastZero)),
    replicates: means,
  };
}

function unitsOf(values: readonly number[], clusters: readonly unknown[]): { sum: number; count: number }[] {
  const units = new Map<unknown, { sum: number; count: number }>();
  for (const [i, cluster] of clusters.entries()) {
    const unit = units.get(cluster) ?? { sum: 0, count: 0 };
    unit.sum += values[i];
    unit.count++;
    units.set(cluster, unit);
  }
  return [...units.values()];
}

/** By linear interpolation between sorted values. */
export function percentile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}
