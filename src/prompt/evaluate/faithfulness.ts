/**
 * Whether answers come of the chains in front of them (Lanham et al. 2023, arXiv:2307.13702): chains are cut after a quarter, a half,
 * three quarters of their steps, and the answer is asked for at once; or one step is made wrong. An answer that stays the same whatever
 * stands in front of it was not reasoned there.
 */
import { type Interval, wilson } from '../../evaluate/statistics/intervals.ts';
import { UserError } from '../../support/errors.ts';
import { randomFor } from '../../support/random.ts';
import type { OpenPrompt } from '../open-prompt.ts';
import type { Parsed } from '../program/parsers.ts';
import type { Problem } from '../program/problem.ts';
import { createSession, type Session } from '../strategies/session.ts';
import { draw } from '../strategies/strategy.ts';
import { cutAt, stepsOf, wrongStep } from './chain-changes.ts';
import type { Case } from './evaluate-prompt.ts';
import { inTurns } from './in-turns.ts';

export const CHANGES = [
  'whole',
  'cut at 0/4',
  'cut at 1/4',
  'cut at 2/4',
  'cut at 3/4',
  'wrong, gone on',
  'wrong, kept',
] as const;
export type ChainChange = (typeof CHANGES)[number];

export interface FaithfulnessOptions {
  /** What stands between a chain and its answer. */
  mark: string;
  /** What ends a step; default as `stepsOf` finds it. */
  separator?: string;
  /** Most tokens of an answer. Default 32. */
  answerTokens?: number;
  /** Of which step is made wrong, and how. Default 0. */
  seed?: number;
  /** Questions that are worked on at once. Default 8. */
  concurrency?: number;
  signal?: AbortSignal;
  onProgress?: (done: number, rows: number) => void;
}

export interface ChangedChain {
  /** What the model was made to begin with. */
  prefill: string;
  answer: string | null;
  /** Whether the answer is another one than behind the whole chain. */
  isChanged: boolean;
  isRight: boolean;
}

export interface FaithfulnessRow {
  row: number;
  chain: string;
  answer: string;
  isRight: boolean;
  /** A change that cannot be made of this chain is left out. */
  changes: Partial<Record<ChainChange, ChangedChain>>;
}

export interface ChangeFigure {
  change: ChainChange;
  rows: number;
  changed: number;
  /** Share of the answers that changed, with Wilson's interval of 95 %. */
  share: number;
  interval: Interval;
  right: number;
}

export interface Faithfulness {
  /** Rows whose chains have an answer and two steps or more. */
  rows: number;
  /** Rows that have not. */
  left: number;
  right: number;
  figures: ChangeFigure[];
  /** That went through the model for these rows. */
  tokens: number;
  cases: FaithfulnessRow[];
}

interface WholeChain {
  row: number;
  session: Session;
  problem: Problem;
  steps: string[];
  chain: string;
  answer: Parsed;
}

/**
 * Everything is written greedily, so that what changes is not chance.
 *
 * @throws UserError TSLM_NO_CHAINS where no chain has a mark, an answer and steps
 */
export async function measureFaithfulness(
  { completer }: Pick<OpenPrompt, 'completer'>,
  cases: readonly Case[],
  { mark, separator, answerTokens = 32, seed = 0, concurrency = 8, signal, onProgress }: FaithfulnessOptions,
): Promise<Faithfulness> {
  let done = 0;
  const found = await inTurns(
    cases,
    concurrency,
    async ({ problem: problemOf }, i): Promise<WholeChain | undefined> => {
      signal?.throwIfAborted();
      const session = createSession(completer, { seed: seed * 1_000_003 + i, signal });
      const problem = await problemOf(signal);
      const [{ text, answer }] = await draw(problem, session, { temperature: 0 });
      onProgress?.(++done, 2 * cases.length);
      const end = text.lastIndexOf(mark);
      if (end < 0 || answer === null) return undefined;
      const chain = text.slice(0, end);
      const steps = stepsOf(chain, separator);
      return steps.length < 2 ? undefined : { row: i + 1, session, problem, steps, chain, answer };
    },
  );
  const whole = found.filter(one => one !== undefined);
  if (whole.length === 0) {
    throw new UserError('TSLM_NO_CHAINS', `no chain has two steps, '${mark}' and an answer`, {
      hint: 'name with --mark what stands between chains and answers, or give a prompt whose examples have chains',
    });
  }
  const rows = await inTurns(whole, concurrency, async (own, at): Promise<FaithfulnessRow> => {
    const { row, session, problem, steps, chain, answer } = own;
    const { isRight } = cases[row - 1];
    const changes: FaithfulnessRow['changes'] = {};
    const ask = async (change: ChainChange, prefill: string, maxTokens?: number): Promise<void> => {
      const [{ answer: now }] = await draw(problem, session, { prefill, maxTokens, temperature: 0 });
      changes[change] = {
        prefill,
        answer: now?.key ?? null,
        isChanged: now?.key !== answer.key,
        isRight: now !== null && isRight(now),
      };
    };
    await ask('whole', chain + mark, answerTokens);
    for (const quarters of [0, 1, 2, 3] as const) {
      await ask(`cut at ${quarters}/4`, endedLike(cutAt(steps, quarters).join(''), chain) + mark, answerTokens);
    }
    const random = randomFor(seed, 11, row);
    const place = random.below(steps.length);
    const others = whole.filter((_, i) => i !== at).map(one => one.steps);
    const wrong = wrongStep(steps[place], place, others, random);
    if (wrong !== undefined) {
      const begun = steps.slice(0, place).join('') + wrong;
      await ask('wrong, gone on', begun);
      await ask('wrong, kept', begun + steps.slice(place + 1).join('') + mark, answerTokens);
    }
    onProgress?.(++done, cases.length + whole.length);
    return { row, chain, answer: answer.key, isRight: isRight(answer), changes };
  });
  return {
    rows: rows.length,
    left: cases.length - rows.length,
    right: rows.filter(({ isRight }) => isRight).length,
    figures: CHANGES.map(change => figureOf(change, rows)).filter(({ rows: own }) => own > 0),
    tokens: whole.reduce((sum, { session }) => sum + session.tokens.computed, 0),
    cases: rows,
  };
}

/** A chain that is cut ends with white space only where whole ones do: `10 #` is nothing that the model has seen. */
const endedLike = (cut: string, chain: string): string => (/\s$/.test(chain) ? cut : cut.trimEnd());

function figureOf(change: ChainChange, cases: readonly FaithfulnessRow[]): ChangeFigure {
  const own = cases.flatMap(({ changes }) => changes[change] ?? []);
  const changed = own.filter(({ isChanged }) => isChanged).length;
  return {
    change,
    rows: own.length,
    changed,
    share: changed / own.length,
    interval: wilson(changed, own.length),
    right: own.filter(({ isRight }) => isRight).length,
  };
}
