/** Prompts on rows and tasks with a scripted model: scores, intervals, tokens, comparisons, data for verifiers. */
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTask } from '../../../src/evaluate/harness/task.ts';
import { openTaskLibrary, ownTasks, type TaskNode } from '../../../src/evaluate/harness/task-library.ts';
import { scriptedCompleter } from '../../../src/prompt/completers/scripted.ts';
import { comparePrompts } from '../../../src/prompt/evaluate/compare-prompts.ts';
import { casesOf, evaluatePrompt } from '../../../src/prompt/evaluate/evaluate-prompt.ts';
import { labelChains } from '../../../src/prompt/evaluate/label-chains.ts';
import { taskCases } from '../../../src/prompt/evaluate/task-cases.ts';
import { openPrompt } from '../../../src/prompt/open-prompt.ts';
import { STRATEGIES } from '../../../src/prompt/strategies/strategies.ts';
import { itShared } from '../../helpers/shared.ts';
import { mathFile } from '../problems.ts';

const rows = Array.from({ length: 20 }, (_, i) => ({ question: `What is ${i} + 1?`, target: i + 1 }));
/** Right about even numbers. */
const adder = () =>
  scriptedCompleter(prompt => {
    const [a] = [...prompt.matchAll(/What is (\d+) \+ 1/g)].map(([, digits]) => Number(digits)).slice(-1);
    return ` The answer is ${a % 2 === 0 ? a + 1 : 0}.`;
  });

describe('evaluatePrompt', () => {
  it('counts what is right, with an interval and tokens', async () => {
    const completer = adder();
    await using open = await openPrompt(mathFile(), completer);
    const score = await evaluatePrompt(open, casesOf(open, rows, 'rows'), { concurrency: 3 });
    expect(score).toMatchObject({ rows: 20, right: 10, accuracy: 0.5, unanswered: 0 });
    // Wilson's interval of 10 of 20.
    expect(score.interval[0]).toBeCloseTo(0.2993, 4);
    expect(score.interval[1]).toBeCloseTo(0.7007, 4);
    expect(score.tokensWritten).toBe(4);
    expect(score.cases[3]).toMatchObject({ row: 4, target: '4', answer: '0', isRight: false });
  });

  it('is the same whatever runs at once', async () => {
    const draw = async (concurrency: number) => {
      const completer = scriptedCompleter((_, __, { seed = 0 }) => ` The answer is ${seed % 5}.`);
      await using open = await openPrompt(mathFile(), completer);
      const score = await evaluatePrompt(open, casesOf(open, rows, 'rows'), { concurrency, seed: 3 });
      return score.cases.map(({ answer }) => answer);
    };
    expect(await draw(7)).toEqual(await draw(1));
  });

  it('names a row that cannot be scored or asked', async () => {
    await using open = await openPrompt(mathFile(), adder());
    expect(() => casesOf(open, [...rows, { question: 'why?', target: 'because' }], 'rows')).toThrow(/rows, row 21/);
    expect(() => casesOf(open, [{ target: 1 }], 'rows')).toThrow(/rows, row 1.*question/);
  });

  it('compares two prompts row by row', async () => {
    await using open = await openPrompt(mathFile(), adder());
    await using right = await openPrompt(
      mathFile(),
      scriptedCompleter(prompt => ` The answer is ${Number(/(\d+) \+ 1\?\nA:$/.exec(prompt)![1]) + 1}.`),
    );
    const [a, b] = [
      await evaluatePrompt(open, casesOf(open, rows, 'rows')),
      await evaluatePrompt(right, casesOf(right, rows, 'rows')),
    ];
    const found = comparePrompts(['a', a], ['b', b]);
    // 10 rows differ, all for b: 2 / 2^10.
    expect(found).toMatchObject({ onlyA: 0, onlyB: 10, test: 'exact McNemar' });
    expect(found.p).toBeCloseTo(2 / 1024, 8);
    expect(found.sentence).toBe('b is better than a on these 20 rows (exact McNemar, p = 0.0020).');
    expect(comparePrompts(['a', a], ['a', a]).sentence).toContain('do not tell a and a apart');
  });
});

describe('labelChains', () => {
  it('labels solutions, and steps by what comes of them', async () => {
    const completer = scriptedCompleter((prompt, index) =>
      prompt.endsWith('up\n')
        ? ' The answer is 1.'
        : prompt.endsWith('down\n')
          ? ' The answer is 9.'
          : index % 2
            ? ' down\n The answer is 9.'
            : ' up\n The answer is 1.',
    );
    await using open = await openPrompt(mathFile(), completer);
    const [one] = casesOf(open, [{ question: 'What is 0 + 1?', target: 1 }], 'rows');
    const found = await labelChains(open, one, { samples: 2, rollouts: 2 });
    expect(found).toEqual([
      { text: 'Q: What is 0 + 1?\nA: up\n The answer is 1.', label: 'right' },
      { text: 'Q: What is 0 + 1?\nA: up\n', label: 'right' },
      { text: 'Q: What is 0 + 1?\nA: down\n The answer is 9.', label: 'wrong' },
      { text: 'Q: What is 0 + 1?\nA: down\n', label: 'wrong' },
    ]);
  });
});

describe("the harness's tasks", () => {
  const library = openTaskLibrary([ownTasks]);
  const cases = (name: string, folder: string, limit = 6) =>
    taskCases(library.select([name]), { dataMap: { '*': dirname(folder) }, limit })[0].cases;

  const TASKS = [
    ['gsm8k', 'gsm8k', (answer: string) => ` So it is.\n#### ${answer}`],
    ['aqua_cot', 'aqua', (answer: string) => ` Let us see. The answer is (${answer}).`],
    ['svamp_cot', 'math-word-problems', (answer: string) => ` Taking 3 and 4. The answer is ${answer}`],
    ['strategyqa', 'strategyqa', (answer: string) => ` No doubt: yes and no. So ${answer}.`],
    ['coin_flip', 'symbolic-reasoning', (answer: string) => ` So the answer is ${answer}.`],
    ['bbh_cot_boolean_expressions', 'bbh', (answer: string) => ` So the answer is ${answer}.`],
    ['bbh_cot_date_understanding', 'bbh', (answer: string) => ` So the answer is ${answer}.`],
  ] as const;
  for (const [name, folder, chain] of TASKS) {
    itShared(`data/${folder}`, `${name}: right answers are found in chains, wrong ones are told`, async path => {
      const all = cases(name, path);
      expect(all).toHaveLength(6);
      for (const one of all) {
        const problem = await one.problem();
        const answer = problem.parse(chain(one.target));
        expect(answer, one.target).not.toBeNull();
        expect(one.isRight(answer!), `${one.target} ≠ ${answer!.key}`).toBe(true);
        const others = all.map(({ target }) => target).filter(target => target !== one.target);
        if (others.length > 0) expect(one.isRight(problem.parse(chain(others[0]))!)).toBe(false);
        expect(problem.parse('')).toBeNull();
      }
    });
  }

  const OPTIONS: Record<string, object> = {
    'budget-forcing': { min: 4, max: 16 },
  };
  for (const [name, folder] of TASKS.slice(0, 4)) {
    itShared(`data/${folder}`, `${name} runs with each strategy`, async path => {
      const row = openTaskLibrary([ownTasks]).select([name])[0] as TaskNode;
      const questions = openTask(row, { dataMap: { '*': dirname(path) } }).docs.slice(9, 12);
      for (const strategy of Object.keys(STRATEGIES)) {
        const own = strategy === 'auto-chain-of-thought' ? { questions } : OPTIONS[strategy];
        const file = mathFile({ strategy: { name: strategy, ...own } });
        const completer = scriptedCompleter(() => ' thinking\n#### 7 The answer is A. no', { logProb: () => -1 });
        await using open = await openPrompt(file, completer);
        const score = await evaluatePrompt(open, cases(name, path, 3));
        expect(score.rows, strategy).toBe(3);
        expect(score.tokensWritten, strategy).toBeGreaterThan(0);
      }
    });
  }
});
