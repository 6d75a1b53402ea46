/**
 * Benchmarks that a candidate must not get worse at: task files through the evaluation harness, candidate and champion on the same
 * documents, paired.
 */
import { isAbsolute, join } from 'node:path';
import { compareItems } from '../../evaluate/compare/compare-items.ts';
import { type EvaluateOptions, evaluateTasks, promptsFor } from '../../evaluate/harness/evaluate-tasks.ts';
import type { TaskResult } from '../../evaluate/harness/evaluation-result.ts';
import { clustersOf } from '../../evaluate/harness/shared-passages.ts';
import { type Node, openTaskLibrary, ownTasks } from '../../evaluate/harness/task-library.ts';
import { evaluatedModel } from '../../evaluate/models/open-model.ts';
import type { Model } from '../../models/model.ts';
import { usageError } from '../../support/errors.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import type { LearningSettings } from '../settings.ts';
import type { Figure } from './decision.ts';

export type Benchmark = LearningSettings['gate']['benchmarks'][number] & {
  nodes: readonly Node[];
  options: EvaluateOptions;
};

/**
 * What `gate.benchmarks` names; paths are relative to the service's folder.
 *
 * @throws UserError for a task or data that is not there, before anything is trained
 */
export function openBenchmarks(folder: string, { gate }: LearningSettings): Benchmark[] {
  if (gate.benchmarks.length === 0) return [];
  const inFolder = (path: string): string => (isAbsolute(path) ? path : join(folder, path));
  const dataMap = Object.fromEntries(Object.entries(gate.data).map(([name, path]) => [name, inFolder(path)]));
  const library = openTaskLibrary([ownTasks, ...gate.taskFolders.map(inFolder)]);
  return gate.benchmarks.map(benchmark => {
    const { task, limit } = benchmark;
    const nodes = library.select([/\.ya?ml$/.test(task) ? inFolder(task) : task]);
    const options = { dataMap, limit, replicates: 0 };
    promptsFor(nodes, { ...options, limit: 1 }); // which says what is missing
    return { ...benchmark, nodes, options };
  });
}

/** @throws UserError when the model cannot be asked this, or several tasks have no metric in common */
export async function benchmarkFigure(
  candidate: Model,
  champion: Model,
  tokenizer: Tokenizer,
  { task, metric, nodes, options }: Benchmark,
): Promise<{ figure: Figure; isShare: boolean }> {
  const scored = async (model: Model) => {
    // Not let go here: whoever has the model does that.
    const { tasks } = await evaluateTasks(evaluatedModel(model, tokenizer, task), nodes, options);
    return tasks.map(result => itemsOf(result, task, metric));
  };
  const [own, others] = [await scored(candidate), await scored(champion)];
  const [{ aggregation, higherIsBetter }] = own;
  const isMixed = own.some(one => one.aggregation !== aggregation || one.higherIsBetter !== higherIsBetter);
  if (isMixed || (own.length > 1 && aggregation !== 'mean')) {
    throw usageError(
      'TSLM_BAD_VALUE',
      `gate.benchmarks: the tasks of '${task}' have no metric that is a mean of documents`,
      'name its tasks one by one, or a metric that all of them have',
    );
  }
  const [a, b] = [own, others].map(results => results.flatMap(({ items }) => items));
  const clusters = own.length === 1 ? clustersOf(own[0].docs)?.of : undefined;
  const found = compareItems(a, b, aggregation, { clusters });
  const [low, high] = found.interval;
  const sign = higherIsBetter ? 1 : -1;
  const isSame = a.every((value, i) => JSON.stringify(value) === JSON.stringify(b[i]));
  const isUnknown = Number.isNaN(low) || Number.isNaN(high);
  return {
    figure: {
      candidate: found.a,
      champion: found.b,
      // More is better: what falls is lost.
      difference: sign * found.difference,
      interval: isSame ? [0, 0] : isUnknown ? [-Infinity, Infinity] : higherIsBetter ? [low, high] : [-high, -low],
      p: found.p,
      items: a.length,
    },
    isShare: aggregation === 'mean',
  };
}

/** Of the metric asked for, default the first, with the first filter. */
function itemsOf({ name, metrics, samples }: TaskResult, task: string, asked: string | undefined) {
  const metric = asked === undefined ? metrics[0] : metrics.find(one => one.name === asked);
  if (!metric) {
    throw usageError(
      'TSLM_NO_METRIC',
      `gate.benchmarks: ${task}: the task '${name}' has no metric '${asked}'`,
      `it has ${metrics.map(one => one.name).join(', ')}`,
    );
  }
  const { filter } = samples[0];
  const own = samples.filter(sample => sample.filter === filter && metric.name in sample.scores);
  const { aggregation, higherIsBetter } = metric;
  return {
    aggregation,
    higherIsBetter,
    items: own.map(({ scores }) => scores[metric.name]),
    docs: own.map(({ doc }) => doc),
  };
}
