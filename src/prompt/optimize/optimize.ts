/**
 * A prompt made better by search: candidates are scored on held-out rows, the best is judged beside the prompt as it was on rows that
 * no search has seen, by a paired test. What it will cost is said first; a cap in tokens is kept; what was asked is kept in a
 * file, so that an interrupted search goes on where it was.
 */
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { usageError } from '../../support/errors.ts';
import { makeFolder, writeFileAtomically, writeJson } from '../../support/files.ts';
import { randomFor } from '../../support/random.ts';
import type { Completer } from '../completer.ts';
import { cachedCompleter } from '../completers/cached.ts';
import { comparePrompts, type PromptComparison } from '../evaluate/compare-prompts.ts';
import { casesOf, evaluatePrompt, type PromptScore } from '../evaluate/evaluate-prompt.ts';
import { readExamples } from '../examples/read-examples.ts';
import { openPrompt } from '../open-prompt.ts';
import type { PromptFile } from '../program/prompt-file.ts';
import type { Fields } from '../program/signature.ts';
import { BudgetSpent, createSession, type TokenCap } from '../strategies/session.ts';
import { bootstrap, type Candidate, fileWith, labelled } from './candidates.ts';
import { CapReached } from './cap.ts';
import { REFLECTION_ROWS, REFLECTION_TOKENS } from './gepa.ts';
import { instructionsFor } from './instructions.ts';
import { SEARCHES, type SearchName } from './searches.ts';

export interface OptimizeOptions {
  optimizer: SearchName;
  /** Rows that examples are made of. */
  train: readonly Fields[];
  /** Rows that candidates are scored on. */
  validation: readonly Fields[];
  /** Rows that the best is judged on. */
  test: readonly Fields[];
  /** Folder of the result, the trials and the answers. */
  output: string;
  /** Most tokens of prompts and answers together. */
  maxTokens?: number;
  /** Candidates of searches. Default 16. */
  trials?: number;
  bootstrapped?: number;
  labelled?: number;
  minibatch?: number;
  /** The model proposes instructions, too. */
  proposes?: boolean;
  /** Of gepa: a capable model, which reads what went wrong and writes instructions. */
  reflector?: Completer;
  language?: 'en' | 'zh';
  concurrency?: number;
  seed?: number;
  signal?: AbortSignal;
  /** Told of the projection, then of each trial. */
  onNote?: (note: string) => void;
}

export interface OptimizedTrial extends Candidate {
  number: number;
  note: string;
  accuracy: number;
  rows: number;
  /** Spent by all until then. */
  tokens: number;
}

export interface Optimized {
  /** Where the best prompt is. */
  path: string;
  /** Of the prompt as it was, on the validation rows. */
  before: number;
  best: OptimizedTrial;
  trials: readonly OptimizedTrial[];
  projectedTokens: number;
  spentTokens: number;
  isCut: boolean;
  /** Absent where the cap was spent before the best could be judged. */
  judgement?: { before: PromptScore; after: PromptScore; comparison: PromptComparison };
}

/** Questions that the projection is made from. */
const PILOT = 4;

/** Tokens that a reflection is taken to cost beside the rows that it is about. */
const REFLECTION_COST = 600;

/** @throws UserError for a cap that not even the judgement fits in, and for gepa without a model that reflects */
export async function optimizePrompt(file: PromptFile, model: Completer, options: OptimizeOptions): Promise<Optimized> {
  const { optimizer, train, validation, test, output, concurrency, seed = 0, signal, onNote = () => {} } = options;
  const { trials: wanted = 16, bootstrapped = 4, labelled: most = 16, minibatch = 35 } = options;
  if (optimizer === 'gepa' && !options.reflector) {
    throw usageError('TSLM_NO_REFLECTOR', 'gepa takes a capable model that reflects on what went wrong', 'name one');
  }
  makeFolder(output);
  const completer = cachedCompleter(model, join(output, 'answers.jsonl'));
  const reflector = options.reflector && cachedCompleter(options.reflector, join(output, 'reflections.jsonl'));
  const cap: TokenCap = { limit: options.maxTokens ?? Number.POSITIVE_INFINITY, spent: 0 };
  const own = file.options.examples ? readExamples(file.options.examples, file.folder) : [];

  async function evaluate(of: PromptFile, rows: readonly Fields[], limit = cap): Promise<PromptScore> {
    await using open = await openPrompt(of, completer);
    const cases = casesOf(open, rows, file.path);
    const score = await evaluatePrompt(open, cases, { concurrency, seed, cap: limit, signal });
    if (score.cases.some(({ result }) => result.isCut)) throw new CapReached();
    return score;
  }

  // What a question costs now, and with as many examples as there may be.
  const pilot = validation.slice(0, PILOT);
  const plain = await evaluate(file, pilot).catch(error => refuse(error, options.maxTokens));
  const full = fileWith(file, { examples: labelled(train, most, randomFor(seed, 9, 0)) });
  // Reflection changes the instruction alone.
  const filled =
    optimizer === 'gepa' ? plain : await evaluate(full, pilot).catch(error => refuse(error, options.maxTokens));
  const perQuestion = Math.max(plain.tokensNaive, filled.tokensNaive);
  const projectedTokens = Math.round(
    projected(optimizer, { ...options, trials: wanted, bootstrapped, minibatch }) * perQuestion +
      (optimizer === 'gepa' ? wanted * REFLECTION_COST : 0),
  );
  onNote(
    `projection: about ${projectedTokens} tokens (${perQuestion.toFixed(0)} a question)${options.maxTokens ? `, at most ${options.maxTokens}` : ''}`,
  );

  const judgedBefore = await evaluate(file, test).catch(error => refuse(error, options.maxTokens));
  // The judgement of the best is not to fail for what the search has spent.
  let dearest = perQuestion;
  const search: TokenCap = {
    get limit() {
      return cap.limit - Math.ceil(test.length * dearest * 1.5);
    },
    get spent() {
      return cap.spent;
    },
    set spent(value) {
      cap.spent = value;
    },
  };

  const trials: OptimizedTrial[] = [];
  const trial = async (candidate: Candidate, note: string, count?: number): Promise<PromptScore> => {
    const rows = count === undefined ? validation : labelled(validation, count, randomFor(seed, 3, trials.length));
    const found = await evaluate(fileWith(file, candidate), rows, search);
    const { accuracy } = found;
    dearest = Math.max(dearest, found.tokensNaive);
    trials.push({ ...candidate, number: trials.length, note, accuracy, rows: rows.length, tokens: cap.spent });
    writeJson(join(output, 'trials.json'), trials);
    onNote(
      `trial ${trials.length}: ${(100 * accuracy).toFixed(1)} % of ${rows.length} rows, ${note} (${cap.spent} tokens)`,
    );
    return found;
  };
  const reflect = async (asked: string, number: number): Promise<string> => {
    const session = createSession(reflector!, { seed: seed * 1_000_003 + number, cap: search, signal });
    const prompt = reflector!.isChat ? [{ role: 'user' as const, content: asked }] : asked;
    try {
      const { completions } = await session.complete({ prompt, temperature: 1, maxTokens: REFLECTION_TOKENS });
      return completions[0].text;
    } catch (error) {
      throw error instanceof BudgetSpent ? new CapReached() : error;
    }
  };
  let isCut = false;
  let before = Number.NaN;
  try {
    const candidate = { instruction: file.options.instruction, examples: own };
    const first = await trial(candidate, 'the prompt as it is');
    before = first.accuracy;
    await using open = await openPrompt(file, completer);
    await SEARCHES[optimizer](
      {
        score: async (...asked) => (await trial(...asked)).accuracy,
        scoreEach: async (...asked) => (await trial(...asked)).cases,
        tryOn: async (one, rows) => (await evaluate(fileWith(file, one), rows, search)).cases,
        reflect,
        question: row => file.prompt.question(row),
        instructionEnd: file.prompt.isChat ? '' : file.prompt.separator,
        trials: () => trials.length,
        note: onNote,
        bootstrap: (number, sizes) =>
          bootstrap(open, train, randomFor(seed, 4, number), { ...sizes, seed: number * 1000, cap: search, signal }),
        instructions: count => {
          const { proposes, language } = options;
          return instructionsFor(open, train, { count, language, proposes, seed, cap: search, signal });
        },
      },
      {
        rows: train,
        own,
        seed,
        trials: wanted,
        bootstrapped,
        labelled: most,
        minibatch,
        asItIs: { candidate, scores: first.cases.map(({ isRight }) => Number(isRight)) },
      },
    );
  } catch (error) {
    if (!(error instanceof CapReached)) throw error;
    isCut = true;
    onNote(`the cap of ${options.maxTokens} tokens ends the search`);
  }
  if (trials.length === 0) return refuse(new CapReached(), options.maxTokens);
  // Trials on minibatches guide the search and decide nothing; of equal ones the first.
  const best = trials
    .filter(({ rows }) => rows === validation.length)
    .reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const result = fileWith(file, best);
  const path = join(output, 'prompt.yaml');
  writeFileAtomically(path, stringify(plainOptions(result)));
  const judgement = await evaluate(result, test)
    .then(after => ({
      before: judgedBefore,
      after,
      comparison: comparePrompts(['the best', after], ['the prompt as it was', judgedBefore]),
    }))
    .catch(error => {
      if (error instanceof CapReached) return undefined;
      throw error;
    });
  return { path, before, best, trials, projectedTokens, spentTokens: cap.spent, isCut, judgement };
}

/** Questions that will be asked, all in all. */
function projected(
  optimizer: SearchName,
  {
    validation,
    test,
    trials,
    bootstrapped,
    minibatch,
  }: OptimizeOptions & { trials: number; bootstrapped: number; minibatch: number },
): number {
  const judged = 2 * PILOT + 2 * test.length + validation.length;
  // Half of the questions are taken to be answered right.
  const bootstrapping = 2 * bootstrapped;
  switch (optimizer) {
    case 'labelled':
      return judged + validation.length;
    case 'bootstrap':
      return judged + validation.length + bootstrapping;
    case 'random-search':
      return judged + trials * (validation.length + bootstrapping);
    case 'gepa':
      // The rows of a reflection before and after it, and once to be read; half of what is written is taken to be better.
      return judged + trials * (3 * REFLECTION_ROWS + validation.length / 2);
    default:
      return (
        judged +
        trials * Math.min(minibatch, validation.length) +
        Math.ceil(trials / 5 + 1) * validation.length +
        Math.ceil(trials / 3) * bootstrapping
      );
  }
}

function refuse(error: unknown, limit: number | undefined): never {
  if (!(error instanceof CapReached)) throw error;
  throw usageError(
    'TSLM_CAP',
    `${limit} tokens do not even suffice to evaluate the prompt as it is`,
    'raise --max-tokens, or give fewer rows',
  );
}

/** What stands in a prompt file. It lies in another folder than the one it comes from: its paths are whole ones. */
function plainOptions({ options, folder }: PromptFile): object {
  const { examples, strategy, verifier, ...rest } = options;
  const moved = Object.entries(strategy).map(([name, value]) =>
    ['questions', 'passages'].includes(name) && typeof value === 'string'
      ? [name, resolve(folder, value)]
      : [name, value],
  );
  const plain = {
    ...rest,
    examples: { rows: examples?.rows ?? [] },
    strategy: Object.fromEntries(moved),
    verifier: verifier === undefined || verifier === 'self' ? verifier : resolve(folder, verifier),
  };
  return JSON.parse(JSON.stringify(plain)) as object;
}
