/** Recorded evaluations beside each other: every task that they share, p-values made safe against asking often, a sentence a pair. */
import { usageError } from '../../support/errors.ts';
import type { Doc } from '../harness/datasets.ts';
import { clustersOf } from '../harness/shared-passages.ts';
import { holm } from '../statistics/multiple-comparisons.ts';
import { type CompareOptions, compareItems } from './compare-items.ts';
import type { PairComparison, TaskComparison } from './comparison.ts';
import { type PairOptions, pairItems } from './pair-items.ts';
import type { RecordedMetric, RecordedRun } from './recorded-run.ts';
import { sentenceOf } from './sentences.ts';

export interface CompareRunsOptions extends PairOptions, Omit<CompareOptions, 'clusters'> {
  /** Field of the documents that says which belong together; `none`: no two do. Default: found (`clustersOf`). */
  cluster?: string;
  /** Names of metrics, or `all`. Default: the first of each task. */
  metrics?: readonly string[] | 'all';
}

/**
 * Each run with each later one.
 *
 * @param names what the runs are called, one for each
 * @throws UserError when two share no task, or documents and prompts are not the same
 */
export function compareRuns(
  runs: readonly RecordedRun[],
  names: readonly string[],
  options: CompareRunsOptions = {},
): PairComparison[] {
  const pairs = runs.flatMap((a, i) =>
    runs.slice(i + 1).map((b, j) => ({ a: names[i], b: names[i + 1 + j], tasks: compareTwo(a, b, options) })),
  );
  const adjusted = holm(pairs.flatMap(({ tasks }) => tasks.map(({ p }) => p)));
  let at = 0;
  return pairs.map(({ a, b, tasks }) => {
    const counted = tasks.map(task => ({ ...task, adjustedP: adjusted[at++] }));
    return { a, b, tasks: counted, sentence: sentenceOf(a, b, counted) };
  });
}

type Unadjusted = Omit<TaskComparison, 'adjustedP'>;

function compareTwo(a: RecordedRun, b: RecordedRun, options: CompareRunsOptions): Unadjusted[] {
  const shared = [...a.tasks.keys()].filter(task => b.tasks.has(task));
  if (shared.length === 0) {
    throw usageError(
      'TSLM_DIFFERENT_TASKS',
      `${a.path} and ${b.path} have no task in common`,
      'evaluate both with the same --tasks',
    );
  }
  const found = shared.flatMap(task => {
    const theirs = b.tasks.get(task)!;
    return chosen(a.tasks.get(task)!, options.metrics).flatMap(metric => {
      const other = theirs.find(({ name, filter }) => name === metric.name && filter === metric.filter);
      return other ? [compareMetric(task, metric, other, options)] : [];
    });
  });
  if (found.length > 0) return found;
  const known = [...new Set(shared.flatMap(task => a.tasks.get(task)!.map(({ name }) => name)))];
  throw usageError(
    'TSLM_NO_METRIC',
    `${a.path}: none of the metrics asked for is there`,
    `there are ${known.join(', ')}`,
  );
}

/** The first metric of a task with each of its filters. */
function chosen(metrics: readonly RecordedMetric[], asked: CompareRunsOptions['metrics']): readonly RecordedMetric[] {
  if (asked === 'all') return metrics;
  const names = asked ?? metrics.slice(0, 1).map(({ name }) => name);
  return metrics.filter(({ name }) => names.includes(name));
}

function compareMetric(
  task: string,
  a: RecordedMetric,
  b: RecordedMetric,
  { cluster, permutations, replicates, seed, ...allowed }: CompareRunsOptions,
): Unadjusted {
  const pairs = pairItems(a, b, `${task} (${a.name})`, allowed);
  const clusters = clustersOf(
    pairs.map(([{ doc }]) => doc as Doc),
    cluster,
  );
  const values = (side: 0 | 1): unknown[] => pairs.map(pair => pair[side].scores[a.name]);
  const result = compareItems(values(0), values(1), a.aggregation, {
    clusters: clusters?.of,
    permutations,
    replicates,
    seed,
  });
  const { name: metric, filter, higherIsBetter } = a;
  return { task, metric, filter, higherIsBetter, ...(clusters && { clusterField: clusters.field }), ...result };
}
