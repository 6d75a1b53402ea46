/**
 * Problems as rows of prompt and completion. A question's split follows from the question itself, so no question that is learnt is
 * ever tested, whatever seed and size the two were drawn with.
 */
import { createHash } from 'node:crypto';
import { UserError } from '../../support/errors.ts';
import { createRandom, type Random } from '../../support/random.ts';
import { ANSWER_MARK, type Problem, type ProblemFormat, type ProblemTask, reverse } from './problem.ts';

export type ProblemSplit = 'train' | 'validation' | 'test';

export interface ProblemRow {
  /** The question, closed by `>`. */
  prompt: string;
  /** What follows it: an answer alone, or a chain, `#` and the answer. */
  completion: string;
  /** The answer as it is to be written. */
  answer: string;
  task: string;
  size: number;
}

/** One question in twenty is for validation, one for tests. */
const HELD_OUT = 20;
const PROMPT_END = '>';
/** Draws of known questions in a row after which a task is taken to have no more. */
const PATIENCE = 1000;

export function splitOf(question: string): ProblemSplit {
  const hash = createHash('sha256').update(question).digest().readUInt32BE(0) % HELD_OUT;
  return hash === 0 ? 'test' : hash === 1 ? 'validation' : 'train';
}

/**
 * What is written after the question.
 *
 * @param drop characters of the chain that are left out at its beginning
 */
export function completionOf(problem: Problem, task: ProblemTask, format: ProblemFormat, drop = 0): string {
  const answer = answerOf(problem, format);
  if (format === 'direct' || format === 'reversed') return answer;
  const steps = format === 'detailed' ? (problem.detailed ?? problem.steps) : problem.steps;
  return `${steps.join(task.separator ?? ' ').slice(drop)}${ANSWER_MARK}${answer}`;
}

const answerOf = ({ answer }: Problem, format: ProblemFormat): string =>
  format === 'reversed' ? reverse(answer) : answer;

export interface ProblemRowsOptions {
  /** Default `direct`. */
  format?: ProblemFormat;
  /** Default that of the task. */
  size?: number;
  /** Sizes are drawn evenly from here to `size`. Default `size`. */
  minSize?: number;
  /**
   * Characters that chains lose at their beginning: a model that has learnt whole ones internalises them stage by stage (Deng et al.
   * 2024, "From Explicit CoT to Implicit CoT"). Default 0.
   */
  drop?: number;
  /**
   * λ of that paper's removal smoothing: a row loses o characters more with a probability in proportion to exp(−λ o), which
   * announces the next stage. Default none.
   */
  smoothing?: number;
  /** Default 0. */
  seed?: number;
}

/**
 * `count` different questions of one split.
 *
 * @throws UserError TSLM_PROBLEM_FORMAT where answers of a task cannot be reversed, TSLM_PROBLEM_COUNT where the task has fewer questions
 */
export function problemRows(
  name: string,
  task: ProblemTask,
  split: ProblemSplit,
  count: number,
  {
    format = 'direct',
    size = task.size.default,
    minSize = size,
    drop = 0,
    smoothing,
    seed = 0,
  }: ProblemRowsOptions = {},
): ProblemRow[] {
  if (format === 'reversed' && !task.reversible) {
    throw new UserError(
      'TSLM_PROBLEM_FORMAT',
      `answers of '${name}' are not numbers that are worked out from the end`,
      {
        hint: 'use --format direct, chain or detailed',
        exitCode: 2,
      },
    );
  }
  const random = createRandom(seed);
  // Of its own: the questions are the same whatever is left out.
  const removal = createRandom(seed + 1);
  const seen = new Set<string>();
  const rows: ProblemRow[] = [];
  for (let missed = 0; rows.length < count; ) {
    const { problem, size: drawn } = drawOne(task, random, minSize, size);
    if (seen.has(problem.question)) {
      if (++missed < PATIENCE) continue;
      throw new UserError('TSLM_PROBLEM_COUNT', `'${name}' of size ${size} has no ${count} questions for ${split}`, {
        hint: `ask for ${rows.length} at most, or for a larger --size`,
        exitCode: 2,
      });
    }
    missed = 0;
    seen.add(problem.question);
    if (splitOf(problem.question) !== split) continue;
    rows.push({
      prompt: `${problem.question}${PROMPT_END}`,
      completion: completionOf(problem, task, format, drop + offset(removal, smoothing)),
      answer: answerOf(problem, format),
      task: name,
      size: drawn,
    });
  }
  return rows;
}

/** Geometric, which is what exp(−λ o) is over whole numbers. */
const offset = (random: Random, smoothing: number | undefined): number =>
  smoothing === undefined ? 0 : Math.floor(-Math.log(1 - random.next()) / smoothing);

function drawOne(task: ProblemTask, random: Random, minSize: number, size: number): { problem: Problem; size: number } {
  const drawn = minSize + random.below(size - minSize + 1);
  return { problem: task.draw(random, drawn), size: drawn };
}
