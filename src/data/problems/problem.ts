/**
 * Verifiable problems: questions whose answer a program knows, with the steps that lead there, so that one may train a small model
 * with and without its chain of thought and say what the chain is worth (Wei et al. 2022, "Chain-of-Thought Prompting"; Nye et al.
 * 2021, "Show Your Work: Scratchpads").
 */
import type { Random } from '../../support/random.ts';

/** One question. Nothing in it is random any more: answer and steps follow from the question. */
export interface Problem {
  question: string;
  answer: string;
  /** What is written before the answer, a step each. Empty where a task has no steps. */
  steps: string[];
  /** The same at full length (Lee et al. 2023, "Teaching Arithmetic to Small Transformers": detailed scratchpad). */
  detailed?: string[];
}

export interface ProblemTask {
  /** What is asked, in one line, for `tslm problems list`. */
  description: string;
  /** What `size` counts, its default, and the largest one. */
  size: { of: string; default: number; most: number };
  /** What stands between steps: nothing where each is one character. Default a space. */
  separator?: string;
  /** Answers that may be written from the last digit to the first, as sums are worked out by hand. */
  reversible?: boolean;
  draw(random: Random, size: number): Problem;
}

export const FORMATS = ['direct', 'reversed', 'chain', 'detailed'] as const;
export type ProblemFormat = (typeof FORMATS)[number];

/** What stands between a chain and its answer, as in GSM8K's solutions. */
export const ANSWER_MARK = '#';

export const reverse = (text: string): string => [...text].reverse().join('');

/** A number of exactly `digits` digits; of one digit 0 is one, too. */
export function drawNumber(random: Random, digits: number): number {
  const least = digits === 1 ? 0 : 10 ** (digits - 1);
  return least + random.below(10 ** digits - least);
}

export const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)];

/** `count` different items in random order. */
export function pickSeveral<T>(random: Random, items: readonly T[], count: number): T[] {
  return random.shuffle([...items]).slice(0, count);
}
