/** The verifiable problems, by name. */
import { addition, multiplication, subtraction } from './arithmetic.ts';
import { dates } from './dates.ts';
import { expressions } from './expressions.ts';
import type { ProblemTask } from './problem.ts';
import { coinFlip, editDistance, lastLetters, parity, sorting } from './sequences.ts';
import { twoHops, twoHopsZh, wordProblems, wordProblemsZh } from './stories.ts';

export const PROBLEMS: Record<string, ProblemTask> = {
  addition,
  subtraction,
  multiplication,
  parity,
  'coin-flip': coinFlip,
  'last-letters': lastLetters,
  sorting,
  'edit-distance': editDistance,
  expressions,
  dates,
  'word-problems': wordProblems,
  'word-problems-zh': wordProblemsZh,
  'two-hops': twoHops,
  'two-hops-zh': twoHopsZh,
};
