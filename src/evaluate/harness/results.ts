/** Results and samples as lm-evaluation-harness writes them: `results_<time>.json` and `samples_<task>_<time>.jsonl`. */
import { join } from 'node:path';
import { makeFolder, writeFileAtomically } from '../../support/files.ts';
import { Float } from '../../support/jinja/python/from-js.ts';
import { version } from '../../support/version.ts';
import type { TaskContamination } from '../contamination/contamination.ts';
import type { EvaluationResult, Sample, TaskResult } from './evaluation-result.ts';
import { pythonStr, wrapFloat } from './python-literals.ts';
import type { TaskRequest } from './requests.ts';
import { sha256 } from './samples.ts';

/** What was evaluated and how, beside the results. */
export interface RunFacts {
  model: string;
  /** How texts were scored. */
  scoring: string;
  limit?: number;
  numFewshot?: number;
  fewshotSeed: number;
  genKwargs?: Readonly<Record<string, unknown>>;
  replicates: number;
  systemInstruction?: string;
  chatTemplate?: string;
  fewshotAsMultiturn: boolean;
  /** By task and model of the floor, by metric and filter: what lesser models score. */
  floors?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;
  /** What of the documents stands in the training corpora, and the scores of either part. */
  contamination?: Contamination;
  /** Seconds since 1970. */
  date: number;
}

/** Scores apart for documents that occur in a training corpus. */
export interface Contamination {
  corpora: readonly string[];
  tasks: readonly TaskContamination[];
}

/** The contents of a results file. */
export function resultsJson({ tasks, groups, seconds }: EvaluationResult, facts: RunFacts): Record<string, unknown> {
  const byName = <T>(of: (task: TaskResult) => T): Record<string, T> =>
    Object.fromEntries([...tasks].sort((a, b) => (a.name < b.name ? -1 : 1)).map(task => [task.name, of(task)]));
  const taskRows = tasks.map(
    ({ name, alias, effective, values }) =>
      [name, { name, alias, sample_len: effective, ...valueKeys(values) }] as const,
  );
  const groupRows = groups.map(
    ({ name, alias, effective, values }) =>
      [
        name,
        {
          alias,
          name,
          ...(values.size > 0 && { sample_len: effective }),
          ...valueKeys(values),
          ...(values.size > 0 && { sample_count: countsOf(values, effective) }),
        },
      ] as const,
  );
  const scored = groupRows.filter(
    ([name]) => groups.find(group => group.name === name)!.node.config.aggregate_metric_list,
  );
  return {
    results: Object.fromEntries([...taskRows, ...groupRows]),
    ...(scored.length > 0 && { groups: Object.fromEntries(scored) }),
    group_subtasks: Object.fromEntries(groups.map(({ name, node }) => [name, node.children.map(child => child.name)])),
    configs: byName(({ task }) => ({ ...(configOf(task.config) as object), ...task.twins?.names })),
    versions: {
      ...byName(({ task }) => plain(task.config.metadata?.version ?? 'Yaml')),
      ...Object.fromEntries(groups.map(({ name, node }) => [name, pythonStr(node.config.metadata?.version ?? 'N/A')])),
    },
    'n-shot': withGroups(
      byName(({ task }) => task.config.num_fewshot ?? 0),
      groups,
      sameValue,
    ),
    higher_is_better: withGroups(byName(betterOf), groups, mergedBetter),
    chance: Object.fromEntries(
      tasks.flatMap(({ name, floors: { chance } }) => (chance === undefined ? [] : [[name, chance]])),
    ),
    floors: Object.fromEntries(tasks.map(({ name, floors }) => [name, { ...floors, ...facts.floors?.[name] }])),
    uncertainty: Object.fromEntries(tasks.map(({ name, uncertainty }) => [name, Object.fromEntries(uncertainty)])),
    ...(facts.contamination && { contamination: facts.contamination }),
    'n-samples': byName(({ original, effective }) => ({ original, effective })),
    config: {
      model: 'tslm',
      model_args: { path: facts.model, scoring: facts.scoring },
      limit: facts.limit ?? null,
      bootstrap_iters: facts.replicates,
      gen_kwargs: facts.genKwargs ?? null,
      fewshot_seed: facts.fewshotSeed,
    },
    date: facts.date,
    tslm_version: version,
    task_hashes: byName(({ samples }) => taskHash(samples)),
    model_source: 'tslm',
    model_name: facts.model,
    model_name_sanitized: sanitized(facts.model),
    system_instruction: facts.systemInstruction ?? null,
    system_instruction_sha: facts.systemInstruction === undefined ? null : sha256(facts.systemInstruction),
    fewshot_as_multiturn: facts.fewshotAsMultiturn,
    chat_template: facts.chatTemplate ?? null,
    chat_template_sha: facts.chatTemplate === undefined ? null : sha256(facts.chatTemplate),
    total_evaluation_time_seconds: String(seconds),
  };
}

const betterOf = ({ metrics }: TaskResult): Record<string, boolean | null> =>
  Object.fromEntries(metrics.map(({ name, higherIsBetter }) => [name, higherIsBetter]));

/** Groups have what their children have together; those inside of others come first. */
function withGroups<T>(
  tasks: Record<string, T>,
  groups: EvaluationResult['groups'],
  together: (values: T[]) => T | undefined,
): Record<string, T> {
  const all = { ...tasks };
  for (const { name, node } of groups) {
    const value = together(node.children.flatMap(child => (child.name in all ? [all[child.name]] : [])));
    if (value !== undefined) all[name] = value;
  }
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const sameValue = <T>(values: T[]): T | undefined => (new Set(values).size === 1 ? values[0] : undefined);

/** Null where children do not agree. */
function mergedBetter(values: Record<string, boolean | null>[]): Record<string, boolean | null> | undefined {
  const merged: Record<string, boolean | null> = {};
  for (const [metric, better] of values.flatMap(value => Object.entries(value))) {
    merged[metric] = !(metric in merged) || merged[metric] === better ? better : null;
  }
  return Object.keys(merged).length > 0 ? merged : undefined;
}

function valueKeys(values: TaskResult['values']): Record<string, unknown> {
  const entries = [...values].flatMap(([key, { value, stderr }]) => {
    const comma = key.indexOf(',');
    return [
      [key, value],
      [`${key.slice(0, comma)}_stderr${key.slice(comma)}`, stderr],
    ];
  });
  return Object.fromEntries(entries);
}

const countsOf = (values: TaskResult['values'], count: number): Record<string, number> =>
  Object.fromEntries([...values.keys()].map(key => [key, count]));

/** A task's settings, without what is not set. */
export const configOf = (config: object): unknown =>
  plain(Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== undefined)));

/** Over all sample lines in their order. */
export const taskHash = (samples: readonly Sample[]): string =>
  sha256(samples.map(({ hashes: { doc, prompt, target } }) => doc + prompt + target).join(''));

/** One line of a samples file. */
export function sampleJson({
  docId,
  doc,
  target,
  requests,
  responses,
  filtered,
  filter,
  scores,
  hashes,
}: Sample): Record<string, unknown> {
  const isScored = requests[0].kind !== 'generate_until';
  return {
    doc_id: docId,
    doc: plain(doc),
    target: targetText(target),
    arguments: Object.fromEntries(requests.map((request, i) => [`gen_args_${i}`, argumentsOf(request)])),
    resps: asTexts(responses, isScored),
    filtered_resps: asTexts(filtered, isScored),
    filter,
    metrics: Object.keys(scores),
    doc_hash: hashes.doc,
    prompt_hash: hashes.prompt,
    target_hash: hashes.target,
    ...(plain(scores) as Record<string, unknown>),
  };
}

const targetText = (target: unknown): unknown => (typeof target === 'string' ? target : pythonStr(target));

function argumentsOf(request: TaskRequest): Record<string, unknown> {
  switch (request.kind) {
    case 'loglikelihood':
      return { arg_0: request.context, arg_1: request.continuation };
    case 'generate_until':
      return { arg_0: request.context, arg_1: request.options };
    case 'similarity':
      return { arg_0: request.text, arg_1: request.pair };
    default:
      return { arg_0: request.text };
  }
}

/** Texts all the way down, as Python prints what is in them. Where requests are scored, numbers are floats. */
function asTexts(value: unknown, isScored: boolean): unknown {
  if (Array.isArray(value)) return value.map(inner => asTexts(inner, isScored));
  if (typeof value === 'string') return value;
  return pythonStr(isScored && typeof value === 'number' ? wrapFloat(value) : value);
}

/** Without what JSON does not know. */
const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner) =>
      inner instanceof Float ? inner.value : typeof inner === 'bigint' ? Number(inner) : inner,
    ),
  );

/** As a name of a folder. */
export const sanitized = (name: string): string => name.replace(/["<>:/|\\?*[\]]+/g, '__');

/**
 * Writes one results file and one file of samples a task into a folder named after the model.
 *
 * @returns the results file
 */
export function writeResults(folder: string, result: EvaluationResult, facts: RunFacts): string {
  const time = new Date(facts.date * 1000).toISOString().replace(/:/g, '-').replace('Z', '');
  const into = join(folder, sanitized(facts.model));
  makeFolder(into);
  for (const { name, samples } of result.tasks) {
    writeFileAtomically(
      join(into, `samples_${sanitized(name)}_${time}.jsonl`),
      samples.map(sample => `${JSON.stringify(sampleJson(sample))}\n`).join(''),
    );
  }
  const path = join(into, `results_${time}.json`);
  writeFileAtomically(path, `${JSON.stringify(resultsJson(result, facts), null, 2)}\n`);
  return path;
}
