/** A prompt on rows whose answers are known: how many come out right, how sure that is, and what an answer costs. */
import { type Interval, wilson } from '../../evaluate/statistics/intervals.ts';
import { UserError } from '../../support/errors.ts';
import type { OpenPrompt } from '../open-prompt.ts';
import type { Problem } from '../program/problem.ts';
import type { Fields } from '../program/signature.ts';
import type { StrategyResult } from '../strategies/run-strategy.ts';
import type { SessionOptions, TokenCap } from '../strategies/session.ts';
import { inTurns } from './in-turns.ts';

/** One question with what tells whether an answer to it is right. */
export interface Case {
  problem(signal?: AbortSignal): Promise<Problem>;
  isRight(answer: NonNullable<StrategyResult['answer']>): boolean;
  /** The right answer as it is shown. */
  target: string;
}

export interface CaseResult {
  row: number;
  target: string;
  answer: string | null;
  isRight: boolean;
  result: StrategyResult;
}

export interface PromptScore {
  rows: number;
  right: number;
  accuracy: number;
  /** Wilson's, of 95 %. */
  interval: Interval;
  /** Questions that came to no answer at all. */
  unanswered: number;
  /** Means over the questions. */
  tokensComputed: number;
  tokensNaive: number;
  tokensWritten: number;
  /** Samples that early stopping spared, in all. */
  saved: number;
  seconds: number;
  cases: readonly CaseResult[];
}

export interface EvaluateOptions {
  /** Questions that are worked on at once. Default 8. */
  concurrency?: number;
  /** Of row i follows from it and i alone. Default 0. */
  seed?: number;
  /** Most tokens that are written for each question. */
  budget?: number;
  /** Most tokens in all. */
  cap?: TokenCap;
  signal?: AbortSignal;
  onProgress?: (done: number, rows: number, right: number) => void;
}

/** @throws UserError that names the row without a right answer */
export function casesOf(open: OpenPrompt, rows: readonly Fields[], where: string): Case[] {
  const { prompt } = open.file;
  return rows.map((row, i) => {
    const place = `${where}, row ${i + 1}`;
    prompt.question(row, place);
    const target = prompt.target(row, place);
    if (!target) {
      throw new UserError('TSLM_BAD_ROW', `${place}: the parser finds no answer in the row's target`, {
        hint: 'correct `target` or `parser` in the prompt file',
      });
    }
    return {
      problem: signal => open.problem(row, place, signal),
      isRight: answer => answer.key === target.key,
      target: target.key,
    };
  });
}

export async function evaluatePrompt(
  open: Pick<OpenPrompt, 'solve'>,
  cases: readonly Case[],
  { concurrency = 8, seed = 0, budget, cap, signal, onProgress }: EvaluateOptions = {},
): Promise<PromptScore> {
  const start = performance.now();
  let done = 0;
  let right = 0;
  const results = await inTurns(cases, concurrency, async ({ problem, target, isRight }, row): Promise<CaseResult> => {
    signal?.throwIfAborted();
    const settings: SessionOptions = { seed: seed * 1_000_003 + row, signal, budget, cap };
    const result = await open.solve(await problem(signal), settings);
    const answered = result.answer !== null && isRight(result.answer);
    right += Number(answered);
    onProgress?.(++done, cases.length, right);
    return { row: row + 1, target, answer: result.answer?.key ?? null, isRight: answered, result };
  });
  return scoreOf(results, (performance.now() - start) / 1000);
}

function scoreOf(cases: readonly CaseResult[], seconds: number): PromptScore {
  const mean = (of: (result: StrategyResult) => number): number =>
    cases.reduce((sum, { result }) => sum + of(result), 0) / cases.length;
  const right = cases.filter(({ isRight }) => isRight).length;
  return {
    rows: cases.length,
    right,
    accuracy: right / cases.length,
    interval: wilson(right, cases.length),
    unanswered: cases.filter(({ answer }) => answer === null).length,
    tokensComputed: mean(({ tokens }) => tokens.computed),
    tokensNaive: mean(({ tokens }) => tokens.naive),
    tokensWritten: mean(({ tokens }) => tokens.written),
    saved: cases.reduce((sum, { result }) => sum + result.saved, 0),
    seconds,
    cases,
  };
}
