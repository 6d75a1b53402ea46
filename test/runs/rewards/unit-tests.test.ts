/** Programs judged by what they do. */
import { expect, it } from 'vitest';
import { rewardsOption } from '../../../src/objectives/reward-options.ts';
import { builtInReward } from '../../../src/runs/rewards/built-in.ts';
import { codeOf } from '../../../src/runs/rewards/unit-tests.ts';

const reward = async (completion: string, tests: unknown, options: object = {}): Promise<number> =>
  (await builtInReward(rewardsOption.parse({ reward: 'tests', ...options })[0] as never)('ask', completion, {
    tests,
  }))!;
const TESTS = ['add(1, 2) === 3', 'add(-1, 1) === 0'];

it('is the share of tests that pass', async () => {
  expect(await reward('const add = (a, b) => a + b;', TESTS)).toBe(1);
  expect(await reward('function add(a, b) { return Math.abs(a) + b }', TESTS)).toBe(0.5);
  expect(await reward('const add = (a, b) => a - b;', TESTS)).toBe(0);
  expect(await reward('Sure!\n```js\nfunction add(a, b) { return a + b }\n```\nDone.', TESTS)).toBe(1);
  expect(await reward('const add = (a, b) => a + b;', 'add(2, 2) === 4')).toBe(1);
});

it.each([
  ['that does not end', 'function add() { for (;;); }'],
  ['that throws', 'function add() { throw new Error("no") }'],
  ['that is none', 'I do not know.'],
  ['that is not closed', 'function add(a, b) { return a + b'],
  ['that comments the test out', 'const add = (a, b) => 3; /*'],
  ['that says it has passed', 'var answer = true; const add = () => "3";'],
  ['that reaches for files', 'const add = (a, b) => require("node:fs").readFileSync("/etc/passwd").length'],
  ['that fills the memory', 'const add = () => { const all = []; for (;;) all.push(new Array(1e6).fill(1)); }'],
])('nothing for a program %s', async (_, program) => {
  expect(await reward(program, TESTS, { time: 100 })).toBe(0);
});

it('tests do not see what others left', async () => {
  const counting = 'globalThis.calls ??= 0; const add = (a, b) => (calls++ === 0 ? a + b : 99);';
  expect(await reward(counting, TESTS)).toBe(1);
});

it('says when a row has no tests', async () => {
  await expect(reward('x', [])).rejects.toThrow("the column 'tests' has no unit tests");
  await expect(reward('x', undefined)).rejects.toThrow("the column 'tests' has no unit tests");
});

it('takes the last fenced block', () => {
  expect(codeOf('```js\na\n```\nor\n```\nb\n```')).toBe('b\n');
  expect(codeOf('a')).toBe('a');
  expect(codeOf('```js\ncut')).toBe('cut');
});
