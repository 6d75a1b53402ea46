/**
 * Runs of lm-evaluation-harness: a folder with run.json, its requests, results and samples. The tasks are read anew and put to
 * the same model, or to its recorded answers where it was a scripted one; prompts, answers, scores, hashes and means are compared.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../../support/errors.ts';
import { readJson } from '../../../support/files.ts';
import { parseOptions } from '../../../support/schema.ts';
import { parseArguments } from '../../harness/arguments.ts';
import { evaluateTasks } from '../../harness/evaluate-tasks.ts';
import type { TaskResult } from '../../harness/evaluation-result.ts';
import { resultsJson, sampleJson } from '../../harness/results.ts';
import { openTaskLibrary } from '../../harness/task-library.ts';
import type { EvaluatedModel } from '../../models/evaluated-model.ts';
import { openEvaluatedModel } from '../../models/open-model.ts';
import { type Check, compareExactly, compareNumbers, type Tolerance } from '../compare.ts';

const runSchema = z.looseObject({
  name: z.string(),
  model: z.string(),
  tasks: z.array(z.string()),
  limit: z.number().nullish(),
  samples: z.record(z.string(), z.array(z.int())).nullish(),
  num_fewshot: z.int().nullish(),
  fewshot_seed: z.int().nullish(),
  bootstrap_iters: z.int().nullish(),
  gen_kwargs: z.string().nullish(),
  apply_chat_template: z.boolean().nullish(),
  fewshot_as_multiturn: z.boolean().nullish(),
  system_instruction: z.string().nullish(),
});

/** A line of requests.jsonl. */
interface RecordedRequest {
  type: string;
  context: string;
  continuation: string;
  text: string;
  prompt: string;
  responses: string[];
  loglikelihood: number;
  is_greedy: boolean;
}

type Json = Record<string, unknown>;

export const isEvaluationRun = (path: string): boolean =>
  existsSync(join(path, 'run.json')) && existsSync(join(path, 'requests.jsonl'));

const SCRIPTED: Tolerance = { atol: 1e-12, rtol: 1e-9 };
/** Of float32 beside float32 of another library. */
const COMPUTED: Tolerance = { atol: 1e-4, rtol: 1e-4 };
const LOG_PROBS: Tolerance = { atol: 2e-3, rtol: 2e-5 };
const CORPUS: Tolerance = { atol: 1e-4, rtol: 1e-4 };

/** @throws UserError when the run's tasks or model are missing */
export async function* verifyEvaluationRun(folder: string): AsyncGenerator<Check> {
  const run = parseOptions(runSchema, readJson(join(folder, 'run.json')), join(folder, 'run.json'));
  const set = dirname(dirname(folder));
  const library = openTaskLibrary([join(set, 'tasks')]);
  const recorded = readdirSync(folder);
  const results = readJson(join(folder, only(recorded, /^results_/, folder))) as Record<string, Json>;
  const isScripted = run.model === 'scripted';
  using model = isScripted
    ? scriptedModel(join(folder, 'requests.jsonl'))
    : openEvaluatedModel(join(set, 'models', run.model));
  for (const name of run.tasks) {
    try {
      const result = await evaluateTasks(model, library.select([name]), {
        limit: run.limit ?? undefined,
        samples: run.samples ?? undefined,
        numFewshot: run.num_fewshot ?? undefined,
        fewshotSeed: run.fewshot_seed ?? undefined,
        replicates: run.bootstrap_iters ?? 1000,
        genKwargs: run.gen_kwargs == null ? undefined : parseArguments(run.gen_kwargs),
        systemInstruction: run.system_instruction ?? undefined,
        chatTemplate: run.apply_chat_template ? model.applyChatTemplate : undefined,
        fewshotAsMultiturn: run.fewshot_as_multiturn ?? undefined,
      });
      const facts = {
        model: run.model,
        scoring: '',
        fewshotSeed: 0,
        replicates: 0,
        fewshotAsMultiturn: false,
        date: 0,
      };
      const json = resultsJson(result, facts) as Record<string, Json>;
      for (const task of result.tasks) {
        const file = recorded.find(other => other.startsWith(`samples_${task.name}_2`));
        if (file) yield* compareSamples(task, lines(join(folder, file)), isScripted);
      }
      for (const entry of Object.keys(json.results)) yield* compareResults(json, results, entry, isScripted);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // Tasks that need Python are refused, as they are to be.
      const isRefused = error.code === 'TSLM_PYTHON';
      yield { section: 'evaluation', name, quantity: isRefused ? 'refused' : '', pass: isRefused, note: error.message };
    }
  }
}

function only(files: readonly string[], pattern: RegExp, folder: string): string {
  const found = files.find(file => pattern.test(file));
  if (found !== undefined) return found;
  throw new UserError('TSLM_NO_GOLDEN', `${folder}: there is no file of results`, {
    hint: 'give a folder that lm-evaluation-harness wrote',
  });
}

const lines = (path: string): Json[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Json);

/** What must be equal, letter by letter. */
const EXACT = ['doc_id', 'doc', 'target', 'filter', 'metrics', 'doc_hash', 'prompt_hash', 'target_hash'];

function* compareSamples(task: TaskResult, recorded: readonly Json[], isScripted: boolean): Generator<Check> {
  const own = task.samples.map(sampleJson);
  const check = (quantity: string, result: Omit<Check, 'section' | 'name' | 'quantity'>): Check => ({
    section: 'evaluation',
    name: task.name,
    quantity,
    ...result,
  });
  yield check('documents', compareExactly(own.length, recorded.length));
  for (const key of EXACT) {
    yield check(
      key,
      compareExactly(
        own.map(sample => sample[key]),
        recorded.map(sample => sample[key]),
      ),
    );
  }
  yield check(
    'arguments',
    compareExactly(
      own.map(sample => sample.arguments),
      recorded.map(sample => sample.arguments),
    ),
  );
  for (const key of ['resps', 'filtered_resps']) {
    const [a, b] = [own, recorded].map(samples => samples.map(sample => sample[key]));
    const isText = task.task.config.output_type === 'generate_until';
    yield check(key, isText || isScripted ? compareExactly(a, b) : compareAnswers(a, b));
  }
  for (const { name } of task.metrics) {
    const [a, b] = [own, recorded].map(samples => samples.flatMap(sample => numbersIn(sample[name])));
    const isExact = isScripted || b.every(value => Number.isInteger(value));
    yield check(name, compareNumbers(a, b, isExact ? PRINTED : LOG_PROBS));
  }
}

/** Lists are recorded as numpy prints them, with eight decimals. */
const PRINTED: Tolerance = { atol: 1e-8, rtol: 1e-8 };

function numbersIn(value: unknown): number[] {
  if (typeof value === 'number' || typeof value === 'boolean') return [Number(value)];
  if (Array.isArray(value)) return value.flatMap(numbersIn);
  return typeof value === 'string' && /^\[[\d\s.e+-]*\]$/.test(value)
    ? (value.match(/[\d.e+-]+/g) ?? []).map(Number)
    : [];
}

/** Log-probabilities within a tolerance, and whether they were greedy exactly. */
function compareAnswers(a: readonly unknown[], b: readonly unknown[]): Omit<Check, 'section' | 'name' | 'quantity'> {
  const textsIn = (value: unknown): string[] => (Array.isArray(value) ? value.flatMap(textsIn) : [String(value)]);
  const [own, recorded] = [a.flatMap(textsIn), b.flatMap(textsIn)];
  const isWord = (text: string): boolean => text === 'True' || text === 'False';
  const greedy = compareExactly(own.filter(isWord), recorded.filter(isWord));
  if (!greedy.pass) return { ...greedy, note: `is_greedy: ${greedy.note}` };
  const numbers = (texts: string[]): number[] => texts.filter(text => !isWord(text)).map(Number);
  return compareNumbers(numbers(own), numbers(recorded), LOG_PROBS);
}

function* compareResults(
  json: Record<string, Json>,
  recorded: Record<string, Json>,
  entry: string,
  isScripted: boolean,
): Generator<Check> {
  const expected = recorded.results[entry] as Json | undefined;
  if (expected === undefined) return;
  const own = json.results[entry] as Json;
  const check = (quantity: string, result: Omit<Check, 'section' | 'name' | 'quantity'>): Check => ({
    section: 'evaluation',
    name: entry,
    quantity,
    ...result,
  });
  yield check('keys', compareExactly(Object.keys(own).sort(), Object.keys(expected).sort()));
  for (const [key, value] of Object.entries(expected)) {
    const isCorpus = /^(bleu|chrf|ter)/.test(key);
    const tolerance = isCorpus
      ? CORPUS
      : isScripted
        ? SCRIPTED
        : key.includes('_stderr')
          ? { atol: 1e-6, rtol: 1e-3 }
          : COMPUTED;
    const isNumber = typeof value === 'number' && typeof own[key] === 'number';
    yield check(
      key,
      isNumber ? compareNumbers([own[key] as number], [value], tolerance) : compareExactly(own[key], value),
    );
  }
  for (const part of ['versions', 'n-shot', 'higher_is_better', 'n-samples', 'task_hashes']) {
    const value = recorded[part]?.[entry];
    if (value !== undefined) yield check(part, compareExactly(json[part][entry], value));
  }
}

/** Answers as they were recorded; the same prompt once more gives the next recorded answer. */
function scriptedModel(path: string): EvaluatedModel {
  const recorded = new Map<string, RecordedRequest[]>();
  for (const line of lines(path) as unknown as RecordedRequest[]) {
    const key = keyOf(
      line.type,
      line.type === 'loglikelihood' ? line.context : (line.text ?? line.prompt),
      line.continuation,
    );
    recorded.set(key, [...(recorded.get(key) ?? []), line]);
  }
  const given = new Map<string, number>();
  const find = (type: string, text: string, continuation?: string): RecordedRequest[] => {
    const found = recorded.get(keyOf(type, text, continuation));
    if (found) return found;
    throw new UserError(
      'TSLM_NO_GOLDEN',
      `no answer is recorded to ${type} of ${JSON.stringify(text.slice(-60))} ${JSON.stringify(continuation ?? '')}`,
    );
  };
  return {
    name: path,
    scoring: 'causal',
    loglikelihood: async requests =>
      requests.map(({ context, continuation }) => {
        const [{ loglikelihood: logProb, is_greedy: isGreedy }] = find('loglikelihood', context, continuation);
        return { logProb, isGreedy, tokens: 1 };
      }),
    loglikelihoodRolling: async texts =>
      texts.map(text => ({ logProb: find('loglikelihood_rolling', text)[0].loglikelihood, tokens: 1, bytes: 1 })),
    generateUntil: async requests =>
      requests.map(({ context }) => {
        const answers = find('generate_until', context).flatMap(({ responses }) => responses);
        const next = given.get(context) ?? 0;
        given.set(context, next + 1);
        return answers[next % answers.length];
      }),
    [Symbol.dispose]() {},
  };
}

const keyOf = (type: string, text: string, continuation = ''): string => [type, text, continuation].join('\0');
