/** Models evaluated on the same tasks, their costs measured, and one of them chosen; selection.json says why. */
import { join } from 'node:path';
import { compareItems, type ItemComparison } from '../../evaluate/compare/compare-items.ts';
import { type EvaluateOptions, evaluateTasks } from '../../evaluate/harness/evaluate-tasks.ts';
import type { EvaluationResult } from '../../evaluate/harness/evaluation-result.ts';
import { clustersOf } from '../../evaluate/harness/shared-passages.ts';
import type { Node } from '../../evaluate/harness/task-library.ts';
import { type OpenAnyOptions, openAnyModel } from '../../evaluate/models/open-any.ts';
import { remembered } from '../../evaluate/models/remembered.ts';
import { usageError } from '../../support/errors.ts';
import { makeFolder, writeJson } from '../../support/files.ts';
import { version } from '../../support/version.ts';
import {
  type Candidate,
  type Choice,
  choose,
  DEFAULT_WEIGHTS,
  type Limits,
  reasonFor,
  type Weights,
} from './choose.ts';
import { measureCosts } from './costs.ts';
import { type Quality, qualityOf } from './quality.ts';
import { writeSelectionReport } from './selection-report.ts';

export interface SelectOptions
  extends Pick<EvaluateOptions, 'dataMap' | 'numFewshot' | 'limit' | 'cluster' | 'genKwargs' | 'allowCodeExecution'> {
  metric?: string;
  limits?: Limits;
  weights?: Weights;
  /** Share of the documents that are left out of the choice: the chosen one is measured on them. Default 0. */
  holdout?: number;
  /** Tokens to write when speed is measured. Default 64. */
  tokens?: number;
  /** Element type and device; of a server its address. */
  model?: Pick<OpenAnyOptions, 'dtype' | 'device'>;
  /** Where selection.json, report.html and the answers are kept. */
  folder: string;
  onProgress?: (model: string, task: string, done: number, requests: number) => void;
  /** Told which model is measured. */
  onMeasure?: (model: string) => void;
}

export interface Selection {
  choice: Choice;
  reason: string;
  /** The chosen one beside the best, document by document, where they are not the same. */
  besideBest?: (ItemComparison & { task: string })[];
  /** On the documents that were left out of the choice. */
  final?: Quality;
  path: string;
  report: string;
}

const RULE = 'the cheapest model within the limits whose quality is within one standard error of the best';

/** @throws UserError when a model cannot be opened, tasks cannot be averaged, or no model is within the limits */
export async function selectModels(
  names: readonly string[],
  nodes: readonly Node[],
  options: SelectOptions,
): Promise<Selection> {
  const { limits = {}, weights = DEFAULT_WEIGHTS, holdout = 0, folder, metric, cluster } = options;
  if (new Set(names).size < names.length) {
    throw usageError('TSLM_BAD_VALUE', 'a model is named twice', 'name each once');
  }
  makeFolder(folder);
  const results: EvaluationResult[] = [];
  const candidates: Candidate[] = [];
  const isHeldOut = (docId: number): boolean => holdout > 0 && docId % Math.round(1 / holdout) === 0;
  const isCounted = (docId: number): boolean => !isHeldOut(docId);
  for (const name of names) {
    const result = await evaluateOne(name, nodes, options);
    const quality = qualityOf(result, { metric, cluster, isCounted });
    options.onMeasure?.(name);
    const { dtype = 'float32', device = 'cpu' } = options.model ?? {};
    const costs = await measureCosts({
      name,
      options: { dtype: dtype as 'float32' | 'bfloat16', device },
      prompt: promptOf(result),
      tokens: options.tokens ?? 64,
    });
    results.push(result);
    candidates.push({ name, quality, costs });
  }
  const choice = choose(candidates, limits, weights);
  const unit = unitOf(candidates);
  const reason = reasonFor(choice, unit);
  const { best, chosen } = choice;
  const besideBest = best === chosen ? undefined : compareResults(results[chosen], results[best], options, isCounted);
  const final = holdout > 0 ? qualityOf(results[chosen], { metric, cluster, isCounted: isHeldOut }) : undefined;
  const path = join(folder, 'selection.json');
  const report = join(folder, 'report.html');
  writeJson(path, {
    tslm: version,
    created: new Date().toISOString(),
    chosen: candidates[chosen].name,
    reason,
    rule: RULE,
    limits,
    weights,
    best: candidates[best].name,
    ...(besideBest && { chosen_beside_best: besideBest }),
    ...(final && { final: { holdout, ...final } }),
    models: choice.models,
  });
  writeSelectionReport(report, { choice, reason, rule: RULE, limits, unit, final, holdout });
  return { choice, reason, besideBest, final, path, report };
}

/** Answers are kept, so that a choice that was interrupted, or is made anew with other limits, asks for the rest alone. */
async function evaluateOne(name: string, nodes: readonly Node[], options: SelectOptions): Promise<EvaluationResult> {
  const opened = await openAnyModel(name, { ...options.model, apiKey: process.env.OPENAI_API_KEY });
  using own = opened.model;
  const revision = [await opened.revision(), own.scoring, options.model?.dtype ?? 'float32'].join(' ');
  const model = remembered(own, join(options.folder, 'answers.jsonl'), revision, { chunk: opened.chunk });
  const { dataMap, numFewshot, limit, cluster, genKwargs, allowCodeExecution } = options;
  return await evaluateTasks(model, nodes, {
    ...{ dataMap, numFewshot, limit, cluster, genKwargs, allowCodeExecution },
    replicates: 100,
    onProgress: (task, done, requests) => options.onProgress?.(name, task, done, requests),
  });
}

/** What the first document asks, so that speed is that of the work at hand. */
function promptOf({ tasks }: EvaluationResult): string {
  const [request] = tasks[0].samples[0].requests;
  const text = 'context' in request ? request.context : request.text;
  return text.trim() === '' ? 'The' : text.slice(-400);
}

/** Shares in points, everything else as it is. */
function unitOf(candidates: readonly Candidate[]): (value: number) => string {
  const areShares = candidates.every(
    ({ quality: { value, higherIsBetter } }) => higherIsBetter && value >= 0 && value <= 1,
  );
  return value => (areShares ? `${(100 * value).toFixed(1)} points` : value.toFixed(3));
}

function compareResults(
  a: EvaluationResult,
  b: EvaluationResult,
  { metric: wanted, cluster }: SelectOptions,
  isCounted: (docId: number) => boolean,
): (ItemComparison & { task: string })[] {
  return a.tasks.map((task, i) => {
    const metric = task.metrics.find(({ name }) => name === wanted) ?? task.metrics[0];
    const samplesOf = ({ samples }: typeof task) =>
      samples.filter(
        sample => sample.filter === samples[0].filter && metric.name in sample.scores && isCounted(sample.docId),
      );
    const [x, y] = [samplesOf(task), samplesOf(b.tasks[i])];
    const clusters = clustersOf(
      x.map(({ doc }) => doc),
      cluster,
    );
    const values = (of: typeof x): unknown[] => of.map(({ scores }) => scores[metric.name]);
    return {
      task: task.name,
      ...compareItems(values(x), values(y), metric.aggregation, {
        clusters: clusters?.of,
        permutations: 2000,
        replicates: 200,
      }),
    };
  });
}
