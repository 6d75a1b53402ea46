/**
 * A reward for programs: the share of a row's unit tests that an answer passes, each run in a sandbox of its own after the answer's
 * code (execution feedback, as in CodeRL: Le et al. 2022, arXiv:2207.01780).
 */
import type { Reward } from '../../objectives/reward-options.ts';
import { runProgram } from '../../prompt/sandbox/run-program.ts';
import { UserError } from '../../support/errors.ts';

export interface UnitTestOptions {
  /** Of the tests: a list of expressions in JavaScript that are to be true, or one. */
  column: string;
  /** Milliseconds for each of them. */
  time: number;
}

/** The last block of a fenced answer, or the whole of one without fences. */
export const codeOf = (completion: string): string =>
  [...completion.matchAll(/```[^\n]*\n([\s\S]*?)(?:```|$)/g)].at(-1)?.[1] ?? completion;

/** @returns a reward that throws where a row has no tests */
export function unitTestReward({ column, time }: UnitTestOptions): Reward {
  return async (_, completion, row) => {
    const tests = testsOf(row[column], column);
    const code = codeOf(completion);
    let passed = 0;
    for (const test of tests) if (await passes(code, test, time)) passed++;
    return passed / tests.length;
  };
}

/** A new sandbox for each test: none sees what another left. */
async function passes(code: string, test: string, time: number): Promise<boolean> {
  // In parentheses and behind a line of its own: an answer cannot comment the test out or be continued by it.
  const result = await runProgram(`${code}\n;globalThis.__passed = (${test}\n) === true;\nvar answer = __passed;`, {
    time,
  });
  return result.ok && result.value === true;
}

function testsOf(value: unknown, column: string): string[] {
  const tests = typeof value === 'string' ? [value] : value;
  if (Array.isArray(tests) && tests.length > 0 && tests.every(test => typeof test === 'string')) return tests;
  throw new UserError('TSLM_NO_TESTS', `the column '${column}' has no unit tests`, {
    hint: 'give it a list of expressions in JavaScript, such as ["add(1, 2) === 3"]',
  });
}
