/**
 * How sure a score is: standard errors that know of documents about one passage, and intervals that hold for few documents (Miller
 * 2024, arXiv:2411.00640; Bowyer et al. 2025, arXiv:2503.01747). lm-evaluation-harness's own standard error stays beside them.
 */
import { createRandom } from '../../support/random.ts';
import { clusteredError } from '../statistics/clusters.ts';
import { normalQuantile, tCritical } from '../statistics/distributions.ts';
import { type Interval, wilson } from '../statistics/intervals.ts';
import { mean, meanError, sampleDeviation } from '../statistics/means.ts';
import { percentile } from '../statistics/paired-bootstrap.ts';
import { AGGREGATIONS, mostDraws } from './aggregations.ts';
import type { Clusters } from './shared-passages.ts';

export interface Uncertainty {
  stderr: number;
  /** Of 95 %. */
  interval: Interval;
  method: 'normal' | 'wilson' | 'clustered' | 'bootstrap' | 'clustered bootstrap';
  /** How many clusters, and the field by which documents belong to one. */
  clusters?: number;
  clusterField?: string;
}

/** Accuracies of fewer documents, or with fewer right or wrong ones, get a Wilson interval: the normal approximation is poor there. */
const FEW = 300;
const FEW_OF_A_KIND = 10;

/**
 * @param clusters of the items, where some belong together
 * @param replicates of the bootstrap, of values that are no mean
 * @returns undefined where there is nothing to tell: fewer than two items or clusters, or a value that is none
 */
export function uncertaintyOf(
  items: readonly unknown[],
  aggregation: string,
  metric: string,
  { clusters, replicates = 1000, seed = 1234 }: { clusters?: Clusters; replicates?: number; seed?: number } = {},
): Uncertainty | undefined {
  if ((clusters?.count ?? items.length) < 2 || aggregation === 'bypass') return undefined;
  const told = clusters && { clusters: clusters.count, clusterField: clusters.field };
  if (aggregation !== 'mean') {
    if (replicates < 2) return undefined;
    const method = clusters ? 'clustered bootstrap' : 'bootstrap';
    return { ...drawn(items, aggregation, mostDraws(metric, replicates), clusters, seed), method, ...told };
  }
  const values = items.map(Number);
  const middle = mean(values);
  const around = (stderr: number, critical: number): Interval => [
    middle - critical * stderr,
    middle + critical * stderr,
  ];
  if (clusters) {
    const { corrected: stderr } = clusteredError(values, clusters.of);
    return { stderr, interval: around(stderr, tCritical(0.05, clusters.count - 1)), method: 'clustered', ...told };
  }
  const stderr = meanError(values);
  const isBinary = values.every(value => value === 0 || value === 1);
  const right = values.reduce<number>((sum, value) => sum + value, 0);
  if (isBinary && (values.length < FEW || Math.min(right, values.length - right) < FEW_OF_A_KIND)) {
    return { stderr, interval: wilson(right, values.length), method: 'wilson' };
  }
  return { stderr, interval: around(stderr, normalQuantile(0.975)), method: 'normal' };
}

/** By percentiles over samples of documents, or of whole clusters. */
function drawn(
  items: readonly unknown[],
  aggregation: string,
  replicates: number,
  clusters: Clusters | undefined,
  seed: number,
): Pick<Uncertainty, 'stderr' | 'interval'> {
  const of = AGGREGATIONS[aggregation].statistic(items);
  const units = new Map<unknown, number[]>();
  for (const i of items.keys()) {
    const unit = clusters?.of[i] ?? i;
    units.set(unit, [...(units.get(unit) ?? []), i]);
  }
  const all = [...units.values()];
  const random = createRandom(seed);
  const values = Array.from({ length: replicates }, () => of(all.flatMap(() => all[random.below(all.length)])));
  const sorted = values.filter(value => !Number.isNaN(value)).sort((a, b) => a - b);
  return { stderr: sampleDeviation(sorted), interval: [percentile(sorted, 0.025), percentile(sorted, 0.975)] };
}
