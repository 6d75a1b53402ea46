/**
 * Standard errors of items that belong together, such as questions about one passage (Miller 2024, arXiv:2411.00640): sums of
 * deviations within a cluster are what is independent.
 */
import { mean } from './means.ts';

export interface ClusteredError {
  /** Without correction for few clusters. */
  plain: number;
  /** √(C / (C − 1)) times that, with C clusters. */
  corrected: number;
  clusters: number;
}

/** @param clusters which one each item belongs to */
export function clusteredError(values: readonly number[], clusters: readonly unknown[]): ClusteredError {
  const middle = mean(values);
  const sums = new Map<unknown, number>();
  for (const [i, cluster] of clusters.entries()) sums.set(cluster, (sums.get(cluster) ?? 0) + values[i] - middle);
  const plain = Math.sqrt([...sums.values()].reduce((sum, value) => sum + value ** 2, 0)) / values.length;
  return { plain, corrected: plain * smallSampleFactor(sums.size), clusters: sums.size };
}

export const smallSampleFactor = (clusters: number): number => Math.sqrt(clusters / (clusters - 1));
