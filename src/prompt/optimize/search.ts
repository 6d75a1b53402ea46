/** What a search over prompts is given, and what it asks of whoever evaluates its candidates. */
import type { CaseResult } from '../evaluate/evaluate-prompt.ts';
import type { Fields } from '../program/signature.ts';
import type { Candidate } from './candidates.ts';

/** What searches ask of whoever evaluates. */
export interface Bench {
  /** Share of right answers, on all rows or on `count` of them that follow from the trial's number. */
  score(candidate: Candidate, note: string, count?: number): Promise<number>;
  bootstrap(number: number, sizes?: { bootstrapped: number; labelled: number }): Promise<Fields[]>;
  instructions(count: number): Promise<(string | undefined)[]>;
  /** All rows, one by one; a trial as `score` makes one. */
  scoreEach(candidate: Candidate, note: string): Promise<readonly CaseResult[]>;
  /** A few rows, which make no trial. */
  tryOn(candidate: Candidate, rows: readonly Fields[]): Promise<readonly CaseResult[]>;
  /** What a capable model writes. */
  reflect(asked: string, number: number): Promise<string>;
  question(row: Fields): string;
  /** What stands between an instruction and what follows it. */
  readonly instructionEnd: string;
  /** Trials so far. */
  trials(): number;
  note(note: string): void;
}

export interface SearchOptions {
  rows: readonly Fields[];
  /** Examples of the file as it is. */
  own: readonly Fields[];
  seed: number;
  trials: number;
  bootstrapped: number;
  labelled: number;
  minibatch: number;
  /** The prompt as it is, which is the first trial, with 1 for each row that it is right of. */
  asItIs: { candidate: Candidate; scores: readonly number[] };
}

/** Candidates are scored as they come: whoever is interrupted has the best of those that were. */
export type Search = (bench: Bench, options: SearchOptions) => Promise<void>;
