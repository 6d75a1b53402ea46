/**
 * Tasks put to a model: requests of all documents together, so that they can be sorted and batched, then filters, scores,
 * means with standard errors, and groups.
 */
import { UserError } from '../../support/errors.ts';
import { partsOf } from '../../support/parts.ts';
import { cosine } from '../../tasks/similarity.ts';
import type { EvaluatedModel, Loglikelihood } from '../models/evaluated-model.ts';
import { type Aggregated, aggregate } from './aggregations.ts';
import type { EvaluationResult, Sample, TaskResult } from './evaluation-result.ts';
import { createFilter } from './filters.ts';
import { floorsOf } from './floors.ts';
import { groupResults } from './groups.ts';
import { normalized, type RequestOptions, requestsOf, type TaskRequest } from './requests.ts';
import { findPython, withPassed } from './run-programs.ts';
import { type Asked, filteredSamples } from './samples.ts';
import { clustersOf } from './shared-passages.ts';
import { openTask, type Task, type TaskOptions } from './task.ts';
import { type Node, tasksBelow } from './task-library.ts';
import { metricsOf, type TaskMetric } from './task-metrics.ts';
import { type Uncertainty, uncertaintyOf } from './uncertainty.ts';

export interface EvaluateOptions extends TaskOptions, RequestOptions {
  /** Only the first n documents of each task; below 1 a share of them. */
  limit?: number;
  /** Or these, by task. */
  samples?: Readonly<Record<string, readonly number[]>>;
  /** Of the bootstrap, for what has no simpler standard error. Default 1000; 0: none. */
  replicates?: number;
  /** Field of the documents that says which belong together; `none`: no two do. Default: found (`clustersOf`). */
  cluster?: string;
  /** Run programs that the model writes, where a task asks for it. Default false. */
  allowCodeExecution?: boolean;
  onProgress?: (task: string, done: number, requests: number) => void;
  signal?: AbortSignal;
}

/** @throws UserError that names task and document, before anything is computed wherever it can be known */
export async function evaluateTasks(
  model: EvaluatedModel,
  nodes: readonly Node[],
  options: EvaluateOptions = {},
): Promise<EvaluationResult> {
  const start = performance.now();
  const opened = tasksBelow(nodes).map(node => {
    const task = openTask(node, options);
    const where = node.path;
    requireCode(task, options);
    const filters = task.config.filter_list ?? [{ name: 'none', filter: [{ function: 'take_first' }] }];
    return {
      task,
      metrics: metricsOf(task.config, where, node.twins),
      filters: filters.map(({ name, filter }) => ({ name, run: createFilter(filter, where) })),
      asked: askedOf(task, options),
    };
  });
  const tasks: TaskResult[] = [];
  for (const { task, metrics, filters, asked } of opened) {
    const responses = await answer(model, task, asked, options);
    const scored = filters.flatMap(({ name, run }) => filteredSamples(task, metrics, asked, responses, name, run));
    const samples = task.config.unsafe_code ? await withPassed(scored, { signal: options.signal }) : scored;
    tasks.push(taskResult(task, metrics, samples, asked.length, options));
  }
  return { tasks, groups: groupResults(nodes, tasks), seconds: (performance.now() - start) / 1000 };
}

/** @throws UserError for a task whose answers are run, where that is not allowed or cannot be done */
function requireCode({ config, path }: Task, { allowCodeExecution }: EvaluateOptions): void {
  if (!config.unsafe_code) return;
  if (!allowCodeExecution) {
    throw new UserError('TSLM_PYTHON', `${path}: 'unsafe_code' says that what the model writes is run as a program`, {
      hint: 'allow it with --allow-code-execution, best in a container, or leave this task out',
      exitCode: 2,
    });
  }
  findPython();
}

/** What a model would be asked. */
export function promptsFor(
  nodes: readonly Node[],
  options: EvaluateOptions = {},
): { task: string; document: number; requests: readonly TaskRequest[] }[] {
  return tasksBelow(nodes).flatMap(node => {
    const task = openTask(node, options);
    return askedOf(task, options).map(({ docId, requests }) => ({ task: task.name, document: docId, requests }));
  });
}

function askedOf(task: Task, options: EvaluateOptions): Asked[] {
  const { docs, name, path } = task;
  return chosenDocs(task, options).map(docId => {
    if (docId >= docs.length) {
      throw new UserError('TSLM_NO_DOCUMENT', `${path}: there is no document ${docId}, the task has ${docs.length}`, {
        hint: 'documents count from 0',
        exitCode: 2,
      });
    }
    const where = `${name}, document ${docId}`;
    return { docId, doc: docs[docId], where, requests: requestsOf(task, docs[docId], where, options) };
  });
}

function chosenDocs({ docs, name }: Task, { limit, samples }: EvaluateOptions): number[] {
  const chosen = samples?.[name];
  if (chosen) return [...chosen].sort((a, b) => a - b);
  const count = limit === undefined ? docs.length : limit < 1 ? Math.ceil(docs.length * limit) : Math.floor(limit);
  return Array.from({ length: Math.min(count, docs.length) }, (_, i) => i);
}

/** Of each document and request one answer a repeat. */
async function answer(
  model: EvaluatedModel,
  task: Task,
  asked: readonly Asked[],
  options: EvaluateOptions,
): Promise<unknown[][][]> {
  const { repeats, output_type: type } = task.config;
  const all = asked.flatMap(({ requests }) =>
    requests.flatMap(request => new Array<TaskRequest>(repeats).fill(request)),
  );
  const how = {
    signal: options.signal,
    onProgress: (done: number, requests: number) => options.onProgress?.(task.name, done, requests),
  };
  const answers = await responsesTo(model, type, all, how);
  const byRequest = partsOf(
    answers,
    asked.flatMap(({ requests }) => requests.map(() => repeats)),
  );
  return partsOf(
    byRequest,
    asked.map(({ requests }) => requests.length),
  );
}

async function responsesTo(
  model: EvaluatedModel,
  type: Task['config']['output_type'],
  requests: readonly TaskRequest[],
  how: { signal?: AbortSignal; onProgress: (done: number, requests: number) => void },
): Promise<unknown[]> {
  if (type === 'loglikelihood_rolling') {
    const texts = requests.map(request => (request as { text: string }).text);
    return (await model.loglikelihoodRolling(texts, how)).map(({ logProb }) => logProb);
  }
  if (type === 'generate_until') {
    const asked = requests.map(request => {
      const { context, options } = request as Extract<TaskRequest, { kind: 'generate_until' }>;
      return { context, ...normalized(options) };
    });
    return model.generateUntil(asked, how);
  }
  if (type === 'similarity') {
    const pairs = requests as Extract<TaskRequest, { kind: 'similarity' }>[];
    if (!model.embed)
      throw new UserError('TSLM_NOT_SUPPORTED', `${model.name}: the model makes no vectors of texts`, {
        hint: 'leave out tasks of the type similarity',
      });
    const vectors = await model.embed(
      pairs.flatMap(({ text, pair }) => [text, pair]),
      how,
    );
    return pairs.map((_, i) => cosine(vectors[2 * i], vectors[2 * i + 1]));
  }
  const scored = await model.loglikelihood(requests as Extract<TaskRequest, { kind: 'loglikelihood' }>[], how);
  return scored.map(({ logProb, isGreedy }: Loglikelihood) => [logProb, isGreedy] as const);
}

function taskResult(
  task: Task,
  metrics: readonly TaskMetric[],
  samples: readonly Sample[],
  effective: number,
  { replicates = 1000, cluster }: EvaluateOptions,
): TaskResult {
  const values = new Map<string, Aggregated>();
  const uncertainty = new Map<string, Uncertainty>();
  for (const filter of new Set(samples.map(sample => sample.filter))) {
    const own = samples.filter(sample => sample.filter === filter);
    for (const { name, aggregation } of metrics) {
      const scored = own.filter(({ scores }) => name in scores);
      if (scored.length === 0) continue;
      const items = scored.map(({ scores }) => scores[name]);
      const key = `${name},${filter}`;
      values.set(key, aggregate(items, aggregation, name, replicates));
      const docs = scored.map(({ doc }) => doc);
      const clusters = clustersOf(docs, cluster);
      const found = uncertaintyOf(items, aggregation, name, { clusters, replicates });
      if (found) uncertainty.set(key, found);
    }
  }
  const { name, config, docs } = task;
  const result = { name, alias: config.task_alias ?? name, task, metrics, effective, original: docs.length };
  const first = samples.filter(({ filter }) => filter === samples[0].filter);
  return { ...result, values, uncertainty, samples, floors: floorsOf(task, first) };
}
