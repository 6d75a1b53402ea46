/** A folder of problems: rows to learn from, rows that are held out, longer ones, and texts for a tokenizer. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { usageError } from '../../support/errors.ts';
import { writeFileAtomically } from '../../support/files.ts';
import { nearest } from '../../support/nearest.ts';
import { createRandom } from '../../support/random.ts';
import { FORMATS, type ProblemFormat, type ProblemTask } from './problem.ts';
import { completionOf, type ProblemRow, type ProblemSplit, problemRows } from './problem-rows.ts';
import { PROBLEMS } from './tasks.ts';

export interface WriteProblemsOptions {
  /** Default `direct`. */
  format?: ProblemFormat;
  /** Default that of the task. */
  size?: number;
  /** Default `size`. */
  minSize?: number;
  /** Rows to learn from; default 20,000. */
  count?: number;
  /** Rows of each held-out file; default 500. */
  heldOut?: number;
  /** Sizes of further tests, each a file `test-<size>.jsonl`; default none. */
  testSizes?: number[];
  /** Characters that chains lose at their beginning; default 0. */
  drop?: number;
  /** λ of removal smoothing, for the rows to learn from; default none. */
  smoothing?: number;
  /** Default 0. */
  seed?: number;
}

/** @throws UserError TSLM_PROBLEM for a name that is none */
export function problemTask(name: string): ProblemTask {
  if (Object.hasOwn(PROBLEMS, name)) return PROBLEMS[name];
  const near = nearest(name, Object.keys(PROBLEMS));
  throw usageError(
    'TSLM_PROBLEM',
    `there is no problem '${name}'`,
    near ? `did you mean '${near}'?` : 'tslm problems list names them',
  );
}

/** Writes FOLDER/{train,validation,test}.jsonl, test-<size>.jsonl and texts.txt; returns files and their counts. */
export function writeProblems(
  folder: string,
  name: string,
  options: WriteProblemsOptions = {},
): Record<string, number> {
  const task = problemTask(name);
  const {
    format = 'direct',
    size = task.size.default,
    count = 20_000,
    heldOut = 500,
    testSizes = [],
    seed = 0,
  } = options;
  const { minSize = size, drop, smoothing } = options;
  for (const one of [size, minSize, ...testSizes]) requireSize(name, task, one);
  if (minSize > size)
    throw usageError('TSLM_PROBLEM_SIZE', `--min-size ${minSize} is over --size ${size}`, 'turn them');
  const rows = (split: ProblemSplit, n: number, of: { size: number; minSize: number }): ProblemRow[] =>
    problemRows(name, task, split, n, { format, seed, drop, ...(split === 'train' && { smoothing }), ...of });
  const files: [string, ProblemRow[]][] = [
    ['train.jsonl', rows('train', count, { size, minSize })],
    ['validation.jsonl', rows('validation', heldOut, { size, minSize })],
    ['test.jsonl', rows('test', heldOut, { size, minSize })],
    ...testSizes.map((longer): [string, ProblemRow[]] => [
      `test-${longer}.jsonl`,
      rows('test', heldOut, { size: longer, minSize: longer }),
    ]),
  ];
  mkdirSync(folder, { recursive: true });
  for (const [file, lines] of files) {
    writeFileAtomically(join(folder, file), lines.map(row => `${JSON.stringify(row)}\n`).join(''));
  }
  writeFileAtomically(join(folder, 'texts.txt'), `${tokenizerTexts(task, size).join('\n')}\n`);
  return Object.fromEntries(files.map(([file, lines]) => [file, lines.length]));
}

/** Every format of some questions, so that one tokenizer of characters serves them all. */
function tokenizerTexts(task: ProblemTask, size: number): string[] {
  const random = createRandom(0);
  return Array.from({ length: 500 }, () => task.draw(random, size)).map(
    problem => `${problem.question}> ${FORMATS.map(format => completionOf(problem, task, format)).join(' ')}`,
  );
}

function requireSize(name: string, { size }: ProblemTask, asked: number): void {
  if (asked >= 1 && asked <= size.most) return;
  throw usageError(
    'TSLM_PROBLEM_SIZE',
    `'${name}' of size ${asked}: sizes are ${size.of}, 1 to ${size.most}`,
    'choose one',
  );
}
