/** What the studio tells of evaluations, sweeps and selections, by real files of each. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateTasks } from '../../../src/evaluate/harness/evaluate-tasks.ts';
import { writeResults } from '../../../src/evaluate/harness/results.ts';
import { openTaskLibrary } from '../../../src/evaluate/harness/task-library.ts';
import type { EvaluatedModel } from '../../../src/evaluate/models/evaluated-model.ts';
import type {
  ApiError,
  ComparedSamples,
  Comparison,
  EvaluationSummary,
  SelectionSummary,
  SweepDetail,
  SweepSummary,
} from '../../../src/serve/studio/api.ts';
import { createStudio } from '../../../src/serve/studio/studio.ts';
import { fakePool } from '../../studio/fake-pool.ts';
import { scratchFolder } from '../../support/scratch.ts';

const folder = scratchFolder();
const place = (...names: string[]): string => join(folder, ...names);
const app = createStudio({
  pool: fakePool(),
  runs: [place('runs')],
  results: [place('results'), place('sweeps'), place('selection')],
});

async function get<T>(path: string, status = 200): Promise<T> {
  const response = await app.request(`/studio/api${path}`);
  expect(response.status, await response.clone().text()).toBe(status);
  return response.json() as Promise<T>;
}

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

beforeAll(async () => {
  writeFileSync(place('rows.jsonl'), rows.map(row => `${JSON.stringify(row)}\n`).join(''));
  writeFileSync(
    place('task.yaml'),
    'task: quiz\ndataset_path: rows\ntest_split: train\noutput_type: multiple_choice\ndoc_to_text: q\ndoc_to_choice: a\ndoc_to_target: y\nmetric_list: [{metric: acc}]\n',
  );
  const nodes = openTaskLibrary([place('task.yaml')]).select(['quiz']);
  for (const [name, right] of [
    ['good', 28],
    ['poor', 2],
  ] as const) {
    const model = knowing(rows.map(({ a }, i) => a[i < right ? 0 : 1]));
    const result = await evaluateTasks(model, nodes, { dataMap: { rows: place('rows.jsonl') } });
    const facts = {
      model: `runs/${name}/model`,
      scoring: 'causal',
      fewshotSeed: 1,
      replicates: 10,
      fewshotAsMultiturn: false,
    };
    writeResults(place('results'), result, { ...facts, date: 1_790_000_000 });
  }
  mkdirSync(place('results', 'broken'));
  writeFileSync(place('results', 'broken', 'results_1.json'), '{"results": 3}');
});

describe('evaluations', () => {
  const list = (): Promise<EvaluationSummary[]> => get('/evaluations');
  const ids = async (): Promise<string> => {
    const all = await list();
    const idOf = (name: string): string => encodeURIComponent(all.find(({ model }) => model === name)!.id);
    return `a=${idOf('runs/good')}&b=${idOf('runs/poor')}`;
  };

  it('are listed with their scores, and one that cannot be read with what is wrong', async () => {
    const all = await list();
    expect(all.map(({ model }) => model).sort()).toEqual(['broken', 'runs/good', 'runs/poor']);
    const [score] = all.find(({ model }) => model === 'runs/good')!.tasks;
    expect(score).toMatchObject({ task: 'quiz', metric: 'acc', filter: 'none', chance: 0.5, documents: 30 });
    expect(score.value).toBeCloseTo(28 / 30, 12);
    expect(all.find(({ model }) => model === 'broken')!.problem).toContain('results_1.json');
  });

  it('are compared with paired tests', async () => {
    const { a, b, tasks, sentence } = await get<Comparison>(`/comparison?${await ids()}`);
    expect([a, b]).toEqual(['runs/good', 'runs/poor']);
    expect(tasks[0]).toMatchObject({ task: 'quiz', onlyA: 26, onlyB: 0 });
    expect(sentence).toContain('runs/good is better than runs/poor');
  });

  it('show what one got right and the other wrong', async () => {
    const asked = `${await ids()}&task=quiz&metric=acc`;
    const { counts, samples, hasMore } = await get<ComparedSamples>(`/comparison/samples?${asked}&kind=a`);
    expect(counts).toEqual({ a: 26, b: 0, both: 2, neither: 2 });
    expect(samples).toHaveLength(20);
    expect(hasMore).toBe(true);
    expect(samples[0]).toEqual({
      document: 2,
      prompt: 'question 2',
      target: ' right2',
      a: { answer: ' right2', score: 1 },
      b: { answer: ' wrong2', score: 0 },
    });
    const rest = await get<ComparedSamples>(`/comparison/samples?${asked}&kind=a&offset=20`);
    expect([rest.samples.length, rest.hasMore]).toEqual([6, false]);
  });

  it('are refused by name where there is none, and a metric without numbers', async () => {
    const { error } = await get<ApiError>('/comparison?a=x&b=y', 404);
    expect(error.code).toBe('TSLM_RESULT_NOT_FOUND');
    const other = await get<ApiError>(`/comparison/samples?${await ids()}&task=quiz&metric=bleu`, 400);
    expect(other.error.code).toBe('TSLM_NO_METRIC');
    const bad = await get<ApiError>(`/comparison/samples?${await ids()}&task=quiz&metric=acc&kind=c`, 400);
    expect(bad.error.message).toContain('kind');
  });
});

describe('sweeps', () => {
  const log = (event: object): void =>
    appendFileSync(place('sweeps', 'lr', 'trials.jsonl'), `${JSON.stringify(event)}\n`);

  it('are followed while they go on', async () => {
    mkdirSync(place('sweeps', 'lr'), { recursive: true });
    const parameters = {
      'optimizer.lr': { distribution: { kind: 'float', low: 0.001, high: 0.1, log: true } },
      'schedule.name': { distribution: { kind: 'choice', choices: ['linear', 'cosine'] } },
    };
    writeFileSync(
      place('sweeps', 'lr', 'sweep.json'),
      JSON.stringify({ name: 'lr', trials: 9, parameters, recipeValue: {} }),
    );
    log({ event: 'trial', trial: 0, values: { 'optimizer.lr': 0.01, 'schedule.name': 'cosine' } });
    log({ event: 'report', trial: 0, step: 10, value: 3.5 });
    const [before] = await get<SweepSummary[]>('/sweeps');
    expect(before).toMatchObject({
      id: 'lr',
      name: 'lr',
      metric: 'loss',
      wanted: 9,
      trials: 1,
      ended: 0,
      state: 'stopped',
    });
    log({ event: 'complete', trial: 0, value: 3.25, seconds: 4 });
    log({ event: 'trial', trial: 1, values: { 'optimizer.lr': 0.1, 'schedule.name': 'linear' } });
    const { rows: trials, axes, best, importance } = await get<SweepDetail>('/sweeps/lr');
    expect(best).toEqual({ trial: 0, value: 3.25 });
    expect(axes.map(({ name }) => name)).toEqual(['optimizer.lr', 'schedule.name']);
    expect(trials[0].places[0]).toBeCloseTo(0.5, 12);
    expect(trials.map(({ state, value, places }) => [state, value, places[1]])).toEqual([
      ['complete', 3.25, 1],
      ['running', undefined, 0],
    ]);
    expect(importance).toEqual([]);
  });
});

describe('selections', () => {
  it('are listed with their reason', async () => {
    mkdirSync(place('selection'), { recursive: true });
    const costs = { tokensPerSecond: 10, firstToken: null, memory: 5, disk: 6 };
    const model = {
      name: 'a',
      quality: { value: 1, stderr: 0.1 },
      costs,
      isOnFront: true,
      isNearBest: true,
      excluded: [],
    };
    writeFileSync(
      place('selection', 'selection.json'),
      JSON.stringify({
        created: '2026-01-01T00:00:00Z',
        reason: 'a is the only one',
        rule: 'r',
        chosen: 'a',
        models: [model],
      }),
    );
    expect(await get<SelectionSummary[]>('/selections')).toMatchObject([
      { id: 'selection', chosen: 'a', models: [model] },
    ]);
  });
});
