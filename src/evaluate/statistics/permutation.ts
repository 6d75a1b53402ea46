/** Tests that ask what differences would be if each could as well have the other sign. */

import { createRandom } from '../../support/random.ts';
import { ranks } from '../metrics/correlation.ts';
import { normalTail } from './distributions.ts';

/** Up to this many differences all patterns of signs are counted. */
const MOST_EXACT = 20;
/** Sums that differ by rounding alone are the same. */
const ROUNDING = 1e-12;

/**
 * Two-sided p of the sum of paired differences over patterns of signs: all of them, or a random sample of them where there are more differences.
 *
 * @param clusters differences of one change sign together
 */
export function signFlipP(
  differences: readonly number[],
  {
    replicates = 10_000,
    seed = 1234,
    clusters,
  }: { replicates?: number; seed?: number; clusters?: readonly unknown[] } = {},
): number {
  const units = clusters ? sumsBy(differences, clusters) : [...differences];
  const observed = Math.abs(units.reduce((sum, value) => sum + value, 0)) - ROUNDING;
  const isExtreme = (sum: number): boolean => Math.abs(sum) >= observed;
  if (units.length <= MOST_EXACT) {
    let extreme = 0;
    for (let pattern = 0; pattern < 2 ** units.length; pattern++) {
      if (isExtreme(units.reduce((sum, value, i) => sum + ((pattern >> i) & 1 ? -value : value), 0))) extreme++;
    }
    return extreme / 2 ** units.length;
  }
  const random = createRandom(seed);
  let extreme = 1;
  for (let r = 0; r < replicates; r++) {
    if (isExtreme(units.reduce((sum, value) => sum + (random.next() < 0.5 ? -value : value), 0))) extreme++;
  }
  return extreme / (replicates + 1);
}

function sumsBy(values: readonly number[], clusters: readonly unknown[]): number[] {
  const sums = new Map<unknown, number>();
  for (const [i, cluster] of clusters.entries()) sums.set(cluster, (sums.get(cluster) ?? 0) + values[i]);
  return [...sums.values()];
}

/** Wilcoxon's signed-rank test (1945): differences of 0 do not count, ties share ranks, p by the normal approximation. */
export function wilcoxon(differences: readonly number[]): { statistic: number; p: number } {
  const items = differences.filter(value => value !== 0);
  const n = items.length;
  const rank = ranks(items.map(Math.abs));
  const sumWhere = (test: (value: number) => boolean): number =>
    rank.reduce((sum, value, i) => sum + (test(items[i]) ? value : 0), 0);
  const statistic = Math.min(
    sumWhere(value => value > 0),
    sumWhere(value => value < 0),
  );
  const ties = new Map<number, number>();
  for (const value of rank) ties.set(value, (ties.get(value) ?? 0) + 1);
  const tied = [...ties.values()].reduce((sum, count) => sum + count ** 3 - count, 0);
  const variance = (n * (n + 1) * (2 * n + 1)) / 24 - tied / 48;
  return { statistic, p: 2 * normalTail(Math.abs(statistic - (n * (n + 1)) / 4) / Math.sqrt(variance)) };
}
