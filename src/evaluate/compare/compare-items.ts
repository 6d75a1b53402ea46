/**
 * Two models on the same documents by one metric: the difference, its interval, how probable one as large is between models that are
 * equally good, and how large one would have to be to be seen (Miller 2024, arXiv:2411.00640).
 */
import { createRandom } from '../../support/random.ts';
import { AGGREGATIONS } from '../harness/aggregations.ts';
import { clusteredError } from '../statistics/clusters.ts';
import { tCritical } from '../statistics/distributions.ts';
import type { Interval } from '../statistics/intervals.ts';
import { mcnemar } from '../statistics/mcnemar.ts';
import { mean, meanError, sampleDeviation } from '../statistics/means.ts';
import { differences } from '../statistics/paired.ts';
import { percentile } from '../statistics/paired-bootstrap.ts';
import { signFlipP } from '../statistics/permutation.ts';
import { detectableEffect } from '../statistics/sample-size.ts';

export type TestName = 'exact McNemar' | 'paired permutation';

export interface ItemComparison {
  a: number;
  b: number;
  /** a − b, in the metric's own unit. */
  difference: number;
  /** Standard error of the difference. */
  error: number;
  /** Of 95 %. */
  interval: Interval;
  /** Two-sided. */
  p: number;
  test: TestName;
  items: number;
  /** Of items that belong together. */
  clusters?: number;
  /** Minimum detectable effect of this number of items: power 80 %, significance level 5 %. */
  detectable: number;
  /** Of a metric that is right or wrong. */
  onlyA?: number;
  onlyB?: number;
}

export interface CompareOptions {
  /** Which items belong together. Default: each stands for itself. */
  clusters?: readonly unknown[];
  /** Patterns of signs, or of swaps. Default 10,000. */
  permutations?: number;
  /** Draws of the bootstrap of metrics that are no mean. Default 1000. */
  replicates?: number;
  /** Default 1234. */
  seed?: number;
}

/** @param aggregation of the metric's values: its name in the task file */
export function compareItems(
  a: readonly unknown[],
  b: readonly unknown[],
  aggregation: string,
  options: CompareOptions = {},
): ItemComparison {
  return aggregation === 'mean'
    ? compareMeans(a.map(Number), b.map(Number), options)
    : compareRatios(a, b, aggregation, options);
}

const isBinary = (values: readonly number[]): boolean => values.every(value => value === 0 || value === 1);

function compareMeans(
  a: readonly number[],
  b: readonly number[],
  { clusters, permutations = 10_000, seed = 1234 }: CompareOptions,
): ItemComparison {
  const items = differences(a, b);
  const difference = mean(items);
  const clustered = clusters && clusteredError(items, clusters);
  const units = clustered?.clusters ?? items.length;
  const error = units < 2 ? Number.NaN : (clustered?.corrected ?? meanError(items));
  const half = units < 2 ? Number.NaN : tCritical(0.05, units - 1) * error;
  const binary = isBinary(a) && isBinary(b);
  const { onlyA, onlyB, exactP } = mcnemar(a, b);
  // What belongs together changes sides together: McNemar's test takes it for independent.
  const isExact = binary && !clusters;
  return {
    a: mean(a),
    b: mean(b),
    difference,
    error,
    interval: [difference - half, difference + half],
    p: isExact ? exactP : signFlipP(items, { clusters, replicates: permutations, seed }),
    test: isExact ? 'exact McNemar' : 'paired permutation',
    items: items.length,
    ...(clustered && { clusters: units }),
    detectable: detectableEffect(1, { deviation: error }),
    ...(binary && { onlyA, onlyB }),
  };
}

/**
 * Of BLEU, F1, perplexity and other values of whole corpora: answers of the two are swapped at random document by document (Riezler
 * & Maxwell 2005), and the interval is one of drawn documents (Koehn 2004).
 */
function compareRatios(
  a: readonly unknown[],
  b: readonly unknown[],
  aggregation: string,
  { clusters, permutations = 10_000, replicates = 1000, seed = 1234 }: CompareOptions,
): ItemComparison {
  const n = a.length;
  // Items of a, then of b: a swap or a draw is a list of numbers.
  const of = AGGREGATIONS[aggregation].statistic([...a, ...b]);
  const units = unitsOf(clusters ?? Array.from({ length: n }, (_, i) => i));
  const own = Array.from({ length: n }, (_, i) => i);
  const [valueA, valueB] = [of(own), of(own.map(i => i + n))];
  const difference = valueA - valueB;
  const random = createRandom(seed);
  // Statistics of whole corpora take longer: fewer patterns.
  const patterns = Math.min(permutations, Math.max(200, Math.floor(2_000_000 / n)));
  let extreme = 1;
  for (let r = 0; r < patterns; r++) {
    const [x, y] = [[...own], own.map(i => i + n)];
    for (const unit of units) if (random.next() < 0.5) for (const i of unit) [x[i], y[i]] = [y[i], x[i]];
    if (Math.abs(of(x) - of(y)) >= Math.abs(difference) - 1e-12) extreme++;
  }
  const drawn = Array.from({ length: Math.min(replicates, patterns) }, () => {
    const chosen = units.flatMap(() => units[random.below(units.length)]);
    return of(chosen) - of(chosen.map(i => i + n));
  });
  const sorted = [...drawn].sort((x, y) => x - y);
  const error = sampleDeviation(drawn);
  return {
    a: valueA,
    b: valueB,
    difference,
    error,
    interval: [percentile(sorted, 0.025), percentile(sorted, 0.975)],
    p: extreme / (patterns + 1),
    test: 'paired permutation',
    items: n,
    ...(clusters && { clusters: units.length }),
    detectable: detectableEffect(1, { deviation: error }),
  };
}

/** Numbers of the items of each cluster. */
export function unitsOf(clusters: readonly unknown[]): number[][] {
  const units = new Map<unknown, number[]>();
  for (const [i, cluster] of clusters.entries()) {
    const unit = units.get(cluster);
    if (unit) unit.push(i);
    else units.set(cluster, [i]);
  }
  return [...units.values()];
}
