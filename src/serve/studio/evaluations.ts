/** Evaluations as the page shows them: scores of each, and two beside each other sample by sample. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { compareRuns } from '../../evaluate/compare/compare-runs.ts';
import { type RecordedRun, readRecordedRun } from '../../evaluate/compare/recorded-run.ts';
import { sanitized } from '../../evaluate/harness/results.ts';
import { namingFile, usageError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';
import { parseOptions } from '../../support/schema.ts';
import type { ComparedSamples, Comparison, EvaluationSummary, SampleKind, SampleSide, TaskScore } from './api.ts';
import type { ResultFile } from './result-folders.ts';

const number = z.union([z.number(), z.literal('NaN'), z.literal('N/A'), z.null()]);
const resultsSchema = z.looseObject({
  results: z.record(z.string(), z.record(z.string(), z.unknown())),
  'n-samples': z.record(z.string(), z.looseObject({ effective: z.number() })).default({}),
  chance: z.record(z.string(), z.number()).default({}),
  uncertainty: z.record(z.string(), z.record(z.string(), z.looseObject({ interval: z.array(number) }))).default({}),
  contamination: z
    .looseObject({ tasks: z.array(z.looseObject({ task: z.string(), dirty: z.number(), documents: z.number() })) })
    .optional(),
  model_name: z.string().default(''),
  date: z.number().default(0),
});

export function summarizeEvaluation({ id, path }: ResultFile): EvaluationSummary {
  const name = basename(dirname(path));
  try {
    const json = parseOptions(resultsSchema, readJson(path), path);
    const tasks = Object.entries(json.results).flatMap(([task, values]) => scoresOf(task, values, json));
    const date = json.date > 0 ? new Date(json.date * 1000).toISOString() : undefined;
    return { id, model: nameOf(json.model_name || name), file: path, date, tasks };
  } catch (error) {
    return { id, model: name, file: path, tasks: [], problem: (error as Error).message };
  }
}

function scoresOf(task: string, values: Record<string, unknown>, json: z.output<typeof resultsSchema>): TaskScore[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const comma = key.indexOf(',');
    const metric = key.slice(0, comma);
    if (comma < 0 || metric.endsWith('_stderr') || typeof value !== 'number') return [];
    const stderr = values[`${metric}_stderr${key.slice(comma)}`];
    const interval = json.uncertainty[task]?.[key]?.interval;
    const seen = json.contamination?.tasks.find(one => one.task === task);
    return [
      {
        task: String(values.alias ?? task).trim(),
        metric,
        filter: key.slice(comma + 1),
        value,
        ...(typeof stderr === 'number' && { stderr }),
        ...(interval?.every(one => typeof one === 'number') && { interval: interval as [number, number] }),
        ...(metric.startsWith('acc') && json.chance[task] !== undefined && { chance: json.chance[task] }),
        documents: json['n-samples'][task]?.effective,
        ...(seen && { seen: seen.dirty }),
      },
    ];
  });
}

/** Of a run's model the run. */
const nameOf = (model: string): string => model.replace(/\/model$/, '');

/** Names that tell two evaluations apart. */
function namesOf(a: ResultFile, b: ResultFile, runs: readonly RecordedRun[]): string[] {
  const [x, y] = runs.map(({ model }) => nameOf(model));
  return x === y ? [a.id, b.id] : [x, y];
}

/** @throws UserError where they have no task in common, or were asked other documents or prompts */
export function compareEvaluations(a: ResultFile, b: ResultFile): Comparison {
  const runs = [a, b].map(({ path }) => readRecordedRun(path));
  const names = namesOf(a, b, runs);
  const [{ tasks, sentence }] = compareRuns(runs, names, { permutations: 2000, replicates: 200 });
  return { a: names[0], b: names[1], tasks, sentence };
}

type Line = Record<string, unknown>;

function linesOf({ path }: ResultFile, task: string, filter: string): Map<number, Line> {
  const time = basename(path).replace(/^results_(.*)\.json$/, '$1');
  const file = join(dirname(path), `samples_${sanitized(task)}_${time}.jsonl`);
  if (!existsSync(file)) {
    throw usageError('TSLM_NO_SAMPLES', `${file}: the answers to '${task}' are not there`, 'evaluate with --output');
  }
  const lines = namingFile(file, () => readFileSync(file, 'utf8'))
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Line);
  return new Map(lines.filter(line => (line.filter ?? 'none') === filter).map(line => [Number(line.doc_id), line]));
}

/** What was answered: of choices the one that was found most probable. */
function sideOf(line: Line, metric: string): SampleSide {
  const answers = [line.filtered_resps].flat(1) as unknown[];
  const asked = Object.values((line.arguments ?? {}) as Record<string, { arg_1?: unknown }>);
  const logProbs = [line.filtered_resps].flat(1).map(one => (Array.isArray(one) ? Number(one[0]) : Number.NaN));
  const isChosen = asked.length > 1 && logProbs.length >= asked.length && !Number.isNaN(logProbs[0]);
  const best = logProbs.indexOf(Math.max(...logProbs.slice(0, asked.length)));
  const answer = isChosen ? String(asked[best]?.arg_1 ?? '') : String(answers[0] ?? '');
  return { answer, score: Number(line[metric]) };
}

const kindOf = (a: number, b: number): SampleKind => (a > b ? 'a' : b > a ? 'b' : a >= 1 ? 'both' : 'neither');

/** How many samples are shown at once. */
const PAGE = 20;

/**
 * What one got right and the other wrong.
 *
 * @throws UserError for a metric that has no number for each document
 */
export function comparedSamples(
  [a, b]: readonly [ResultFile, ResultFile],
  {
    task,
    metric,
    filter,
    kind,
    offset,
  }: { task: string; metric: string; filter: string; kind: SampleKind; offset: number },
): ComparedSamples {
  const [own, other] = [linesOf(a, task, filter), linesOf(b, task, filter)];
  const pairs = [...own].flatMap(([id, line]) => {
    const beside = other.get(id);
    return beside?.doc_hash === line.doc_hash
      ? [{ id, line, x: sideOf(line, metric), y: sideOf(beside!, metric) }]
      : [];
  });
  if (pairs.some(({ x, y }) => Number.isNaN(x.score + y.score))) {
    throw usageError('TSLM_NO_METRIC', `${task}: ${metric} is no number for each document`, 'choose another metric');
  }
  const sorted = pairs.map(pair => ({ ...pair, kind: kindOf(pair.x.score, pair.y.score) }));
  const counts = { a: 0, b: 0, both: 0, neither: 0 };
  for (const pair of sorted) counts[pair.kind]++;
  const chosen = sorted.filter(pair => pair.kind === kind);
  return {
    counts,
    samples: chosen.slice(offset, offset + PAGE).map(({ id, line, x, y }) => {
      const [first] = Object.values((line.arguments ?? {}) as Record<string, { arg_0?: unknown }>);
      return { document: id, prompt: String(first?.arg_0 ?? ''), target: targetText(line), a: x, b: y };
    }),
    hasMore: offset + PAGE < chosen.length,
  };
}

/** The right answer; of choices its text. */
function targetText(line: Line): string {
  const asked = Object.values((line.arguments ?? {}) as Record<string, { arg_1?: unknown }>);
  const target = String(line.target);
  return asked.length > 1 && /^\d+$/.test(target) ? String(asked[Number(target)]?.arg_1 ?? target) : target;
}
