/** Results as commands write them, for tests of the studio: two evaluations of a quiz, a sweep under way, a selection. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateTasks } from '../../../src/evaluate/harness/evaluate-tasks.ts';
import { writeResults } from '../../../src/evaluate/harness/results.ts';
import { openTaskLibrary } from '../../../src/evaluate/harness/task-library.ts';
import type { EvaluatedModel } from '../../../src/evaluate/models/evaluated-model.ts';

/** Finds these answers the more probable ones. */
const knowing = (answers: readonly string[]): EvaluatedModel => ({
  name: 'knowing',
  scoring: 'causal',
  loglikelihood: async requests =>
    requests.map(({ continuation }) => ({
      logProb: answers.includes(continuation.trim()) ? -1 : -5,
      isGreedy: false,
      tokens: 1,
    })),
  loglikelihoodRolling: async () => [],
  generateUntil: async () => [],
  [Symbol.dispose]() {},
});

const rows = Array.from({ length: 30 }, (_, i) => ({ q: `question ${i}`, a: [`right${i}`, `wrong${i}`], y: 0 }));

/** `runs/good` is right 28 times of 30, `runs/poor` twice. */
export async function fakeEvaluations(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const data = join(folder, 'rows.jsonl');
  const file = join(folder, 'task.yaml');
  writeFileSync(data, rows.map(row => `${JSON.stringify(row)}\n`).join(''));
  writeFileSync(
    file,
    'task: quiz\ndataset_path: rows\ntest_split: train\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: a\ndoc_to_target: y\nmetric_list: [{metric: acc}]\n',
  );
  const nodes = openTaskLibrary([file]).select(['quiz']);
  for (const [name, right] of [
    ['good', 28],
    ['poor', 2],
  ] as const) {
    const model = knowing(rows.map(({ a }, i) => a[i < right ? 0 : 1]));
    const result = await evaluateTasks(model, nodes, { dataMap: { rows: data } });
    const facts = {
      ...{ model: `runs/${name}/model`, scoring: 'causal', fewshotSeed: 1, replicates: 10 },
      ...{ fewshotAsMultiturn: false, date: 1_790_000_000 },
    };
    writeResults(folder, result, facts);
  }
}

/** A sweep of two parameters, with the events of its log. */
export function fakeSweep(folder: string, events: readonly object[]): void {
  mkdirSync(folder, { recursive: true });
  const parameters = {
    'optimizer.lr': { distribution: { kind: 'float', low: 0.001, high: 0.1, log: true } },
    'schedule.name': { distribution: { kind: 'choice', choices: ['linear', 'cosine'] } },
  };
  writeFileSync(join(folder, 'sweep.json'), JSON.stringify({ name: 'lr', trials: 9, parameters, recipeValue: {} }));
  writeFileSync(join(folder, 'trials.jsonl'), events.map(event => `${JSON.stringify(event)}\n`).join(''));
}

/** Trials of a sweep, the later ones better. */
export const trialEvents = (count: number): object[] =>
  Array.from({ length: count }, (_, trial) => [
    {
      event: 'trial',
      trial,
      values: { 'optimizer.lr': 10 ** (-3 + trial / 5), 'schedule.name': trial % 2 ? 'cosine' : 'linear' },
    },
    { event: 'report', trial, step: 10, value: 4 - trial / 4 },
    { event: 'complete', trial, value: 4 - trial / 4, seconds: 3 },
  ]).flat();

export function fakeSelection(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const costs = { tokensPerSecond: 10, firstToken: null, memory: 5e6, disk: 6e6 };
  const model = {
    name: 'a',
    quality: { value: 0.8, stderr: 0.1 },
    costs,
    isOnFront: true,
    isNearBest: true,
    excluded: [],
  };
  writeFileSync(
    join(folder, 'selection.json'),
    JSON.stringify({
      created: '2026-01-01T00:00:00Z',
      reason: 'a is the only one',
      rule: 'r',
      chosen: 'a',
      models: [model],
    }),
  );
}
