/** How good a model is over some tasks: the mean of their deciding metrics, with its standard error. */
import { AGGREGATIONS } from '../../evaluate/harness/aggregations.ts';
import type { EvaluationResult, Sample, TaskResult } from '../../evaluate/harness/evaluation-result.ts';
import { clustersOf } from '../../evaluate/harness/shared-passages.ts';
import type { TaskMetric } from '../../evaluate/harness/task-metrics.ts';
import { uncertaintyOf } from '../../evaluate/harness/uncertainty.ts';
import type { Interval } from '../../evaluate/statistics/intervals.ts';
import { mean, unweightedError } from '../../evaluate/statistics/means.ts';
import { usageError } from '../../support/errors.ts';

export interface TaskQuality {
  task: string;
  metric: string;
  value: number;
  stderr: number;
  interval: Interval;
  documents: number;
}

export interface Quality {
  value: number;
  stderr: number;
  /** Of 95 %. */
  interval: Interval;
  higherIsBetter: boolean;
  tasks: TaskQuality[];
}

export interface QualityOptions {
  /** In place of the first metric of each task. */
  metric?: string;
  cluster?: string;
  /** Which documents count, by their number. Default: all. */
  isCounted?: (docId: number) => boolean;
}

/** @throws UserError where metrics of tasks cannot be averaged, or a task has too few documents */
export function qualityOf({ tasks }: EvaluationResult, options: QualityOptions = {}): Quality {
  const found = tasks.map(task => ofTask(task, options));
  const directions = new Set(found.map(({ higherIsBetter }) => higherIsBetter));
  const names = new Set(found.map(({ quality }) => quality.metric));
  const areShares = found.every(({ quality: { value }, higherIsBetter }) => higherIsBetter && value >= 0 && value <= 1);
  if (directions.size > 1 || (names.size > 1 && !areShares)) {
    throw usageError(
      'TSLM_DIFFERENT_METRICS',
      `a mean over ${[...names].join(', ')} says nothing`,
      'choose one that all tasks have (--metric), or tasks that are alike',
    );
  }
  const value = mean(found.map(({ quality }) => quality.value));
  const stderr = unweightedError(found.map(({ quality }) => quality.stderr));
  const qualities = found.map(({ quality }) => quality);
  const interval: Interval =
    qualities.length === 1 ? qualities[0].interval : [value - 1.96 * stderr, value + 1.96 * stderr];
  return { value, stderr, interval, higherIsBetter: found[0].higherIsBetter, tasks: qualities };
}

function ofTask(task: TaskResult, options: QualityOptions): { quality: TaskQuality; higherIsBetter: boolean } {
  const metric = decidingMetric(task, options.metric);
  const samples = decidingSamples(task, metric, options);
  const items = samples.map(({ scores }) => scores[metric.name]);
  const clusters = clustersOf(
    samples.map(({ doc }) => doc),
    options.cluster,
  );
  const known = uncertaintyOf(items, metric.aggregation, metric.name, { clusters });
  if (!known) {
    throw usageError(
      'TSLM_NO_DOCUMENTS',
      `${task.name}: ${samples.length} documents are too few to choose by`,
      'give a larger --limit',
    );
  }
  const value = AGGREGATIONS[metric.aggregation].statistic(items)(items.map((_, i) => i));
  const { stderr, interval } = known;
  return {
    quality: { task: task.name, metric: metric.name, value, stderr, interval, documents: items.length },
    higherIsBetter: metric.higherIsBetter,
  };
}

function decidingMetric(task: TaskResult, name: string | undefined): TaskMetric {
  const found = name === undefined ? task.metrics[0] : task.metrics.find(metric => metric.name === name);
  if (found) return found;
  throw usageError(
    'TSLM_NO_METRIC',
    `${task.name}: the task has no metric '${name}'`,
    `it has ${task.metrics.map(metric => metric.name).join(', ')}`,
  );
}

/** With the first filter of the task. */
function decidingSamples(task: TaskResult, { name }: TaskMetric, { isCounted = () => true }: QualityOptions): Sample[] {
  const [first] = task.samples;
  return task.samples.filter(
    sample => sample.filter === first.filter && name in sample.scores && isCounted(sample.docId),
  );
}
