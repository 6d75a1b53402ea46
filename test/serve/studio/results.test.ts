/** What the studio tells of evaluations, sweeps and selections, by real files of each. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
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
import { fakeEvaluations, fakeSelection, fakeSweep } from './result-files.ts';

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

beforeAll(async () => {
  await fakeEvaluations(place('results'));
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
    fakeSweep(place('sweeps', 'lr'), [
      { event: 'trial', trial: 0, values: { 'optimizer.lr': 0.01, 'schedule.name': 'cosine' } },
      { event: 'report', trial: 0, step: 10, value: 3.5 },
    ]);
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
    fakeSelection(place('selection'));
    const [found] = await get<SelectionSummary[]>('/selections');
    expect(found).toMatchObject({ id: 'selection', chosen: 'a', reason: 'a is the only one' });
    expect(found.models).toMatchObject([{ name: 'a', isOnFront: true }]);
  });
});
