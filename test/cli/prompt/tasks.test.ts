/**
 * `tslm prompt evaluate --tasks` over a server whose answers are known: half of the documents of each task are answered rightly, and
 * with every strategy that is the score. The documents have the form of the data sets; with the sets themselves more is run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openTask } from '../../../src/evaluate/harness/task.ts';
import { openTaskLibrary, ownTasks, type TaskNode } from '../../../src/evaluate/harness/task-library.ts';
import { wilson } from '../../../src/evaluate/statistics/intervals.ts';
import { taskCases } from '../../../src/prompt/evaluate/task-cases.ts';
import { STRATEGIES } from '../../../src/prompt/strategies/strategies.ts';
import { tslmHere } from '../../helpers/cli.ts';
import { isLong } from '../../helpers/long.ts';
import { itShared } from '../../helpers/shared.ts';
import { type Body, openAiServer } from '../../prompt/completers/openai-server.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const ROWS = 6;
const numbers = Array.from({ length: ROWS }, (_, i) => i + 11);

/** A file of documents as the data set has them. */
const FILES: Record<string, [file: string, content: string]> = {
  gsm8k: [
    'train.jsonl',
    lines(
      numbers.map(n => ({ question: `Ann has ${n} pens and buys 2. How many?`, answer: `So it is.\n#### ${n + 2}` })),
    ),
  ],
  'math-word-problems': [
    'svamp.jsonl',
    // Python's floats, as the set has them.
    numbers
      .map(n => `{"Body": "Bo sees ${n} birds. 3 fly away.", "Question": "How many are left?", "Answer": ${n - 3}.0}\n`)
      .join(''),
  ],
  aqua: [
    'dev.jsonl',
    lines(
      numbers.map((n, i) => ({
        question: `What is ${n} times 5?`,
        options: ['A)1', 'B)2', 'C)3', 'D)4', 'E)5'],
        rationale: '',
        correct: 'ABCDE'[i % 5],
      })),
    ),
  ],
  strategyqa: [
    'train.jsonl',
    lines(numbers.map(n => ({ question: `Could ${n} cats sit on a mat?`, answer: n % 2 === 0 }))),
  ],
  bbh: [
    'boolean_expressions.json',
    JSON.stringify({
      examples: numbers.map(n => ({ input: `${'not '.repeat(n)}True is`, target: n % 2 === 0 ? 'True' : 'False' })),
    }),
  ],
};
for (const [name, [file, content]] of Object.entries(FILES)) {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, file), content);
}

function lines(rows: readonly object[]): string {
  return rows.map(row => `${JSON.stringify(row)}\n`).join('');
}

const TASKS = {
  gsm8k: 'gsm8k',
  svamp_cot: 'math-word-problems',
  aqua_cot: 'aqua',
  strategyqa: 'strategyqa',
  bbh_cot_boolean_expressions: 'bbh',
} as const;
type TaskName = keyof typeof TASKS;

const wrongOf = (target: string): string =>
  ({ yes: 'no', no: 'yes', True: 'False', False: 'True', A: 'B', B: 'C', C: 'D', D: 'E', E: 'A' })[target] ??
  String(Number(target) + 1);

/** What the server says: of every second document the right answer, of the others a wrong one, in the form that is asked for. */
function sayer(known: readonly { question: string; target: string }[]): (body: Body) => string {
  return ({ prompt = '', messages = [] }) => {
    const text = messages.length > 0 ? messages.map(({ content }) => content).join('\n') : prompt;
    const at = known.map(({ question }) => text.lastIndexOf(question));
    const number = at.indexOf(Math.max(...at));
    const { target } = known[number];
    const answer = number % 2 === 0 ? target : wrongOf(target);
    if (text.includes('which simpler questions')) return 'How many are there?';
    if (text.includes('What more general question')) return 'What counts?';
    if (text.includes('Write a JavaScript program')) return `const answer = "the answer is ${answer}";\n\`\`\``;
    if (text.includes('turns of Thought, Action')) return ` I know.\nAction: finish[the answer is ${answer}]`;
    if (text.includes('Somebody says that')) return text.includes(`the answer is ${answer}.`) ? 'yes' : 'no';
    if (text.includes('Check this solution')) return 'CORRECT';
    if (text.includes('Can this lead')) return 'sure';
    return ` Let us see. So the answer is ${answer}.`;
  };
}

/** Of each task and folder once: a set is large. */
const known = new Map<string, Promise<{ question: string; target: string }[]>>();

function knownOf(name: string, data: string, limit = ROWS): Promise<{ question: string; target: string }[]> {
  const key = `${name} ${data} ${limit}`;
  const found = known.get(key);
  if (found) return found;
  const [{ cases }] = taskCases(openTaskLibrary([ownTasks]).select([name]), { dataMap: { '*': data }, limit });
  const all = cases.map(async one => ({ question: (await one.problem()).question, target: one.target }));
  known.set(key, Promise.all(all));
  return known.get(key)!;
}

function fileWith(strategy: string, name: string, data: string): string {
  const own =
    strategy === 'auto-chain-of-thought'
      ? { questions: questionsOf(name, data) }
      : strategy === 'budget-forcing'
        ? { max: 16 }
        : {};
  const path = join(folder, `${strategy}.yaml`);
  const file = {
    fields: { question: 'string' },
    template: '{{question}}',
    parser: { kind: 'text' },
    strategy: { name: strategy, ...own },
  };
  writeFileSync(path, JSON.stringify(file)); // JSON is YAML
  return path;
}

function questionsOf(name: string, data: string): readonly object[] {
  const node = openTaskLibrary([ownTasks]).select([name])[0] as TaskNode;
  return openTask(node, { dataMap: { '*': data } }).docs.slice(0, 2);
}

async function evaluated(name: string, strategy: string, dataMap: readonly string[], data: string, limit = ROWS) {
  await using server = await openAiServer(sayer(await knownOf(name, data, limit)), word =>
    word === ' yes' ? -0.1 : -3,
  );
  const options = ['--tasks', name, ...dataMap.flatMap(one => ['--data-map', one]), '--limit', String(limit)];
  const args = [
    'prompt',
    'evaluate',
    fileWith(strategy, name, data),
    ...options,
    '--base-url',
    server.baseUrl,
    '--json',
  ];
  const { stdout, stderr, code } = await tslmHere(args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).results[0];
}

describe.each(Object.entries(TASKS))('%s over a server', (name, data) => {
  const dataMap = [`${data}=${join(folder, data)}`];

  // Every strategy and every task, and with `TSLM_LONG=1` each with each.
  const strategies = Object.keys(STRATEGIES);
  it.each(isLong || name === 'svamp_cot' ? strategies : strategies.slice(0, 2))('%s', async strategy => {
    const result = await evaluated(name, strategy, dataMap, folder);
    const [low, high] = wilson(3, 6);
    expect(result).toMatchObject({ name, rows: 6, right: 3, accuracy: 0.5, unanswered: 0, interval: { low, high } });
    expect(result.tokensWritten).toBeGreaterThan(0);
  });
});

it('compares two strategies on a task by a paired test', async () => {
  const documents = await knownOf('gsm8k', folder);
  // Chains are right of all, what is said at once of half.
  const half = sayer(documents);
  await using server = await openAiServer(body =>
    body.n === 3
      ? documents
          .map(({ question, target }) => (body.prompt!.includes(question) ? ` The answer is ${target}.` : ''))
          .join('')
      : half(body),
  );
  const direct = fileWith('direct', 'gsm8k', folder);
  const voted = join(folder, 'voted.yaml');
  const strategy = { name: 'self-consistency', samples: 3 };
  writeFileSync(voted, JSON.stringify({ fields: {}, template: 'x', parser: { kind: 'text' }, strategy }));
  const map = ['--data-map', `gsm8k=${join(folder, 'gsm8k')}`];
  const { stdout, stderr, code } = await tslmHere([
    ...['prompt', 'compare', direct, voted, '--tasks', 'gsm8k', ...map, '--base-url', server.baseUrl, '--json'],
  ]);
  expect(code, stderr).toBe(0);
  const [pair] = JSON.parse(stdout).pairs;
  expect(pair).toMatchObject({ part: 'gsm8k', a: 0.5, b: 1, onlyA: 0, onlyB: 3, test: 'exact McNemar' });
  expect(pair.p).toBeCloseTo(2 / 2 ** 3, 10);
});

describe('the data sets themselves', () => {
  for (const [name, data] of Object.entries(TASKS) as [TaskName, string][]) {
    itShared(`data/${data}`, `${name}: half of the answers are right`, async path => {
      expect(basename(path)).toBe(data);
      for (const strategy of ['chain-of-thought', 'self-consistency']) {
        const result = await evaluated(name, strategy, [`${data}=${path}`], dirname(path), 20);
        expect(result, strategy).toMatchObject({ rows: 20, right: 10, unanswered: 0 });
      }
    });
  }
});
