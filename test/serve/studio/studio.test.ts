import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createModel, saveModel } from '../../../src/models/auto.ts';
import type {
  ApiError,
  MetricsChunk,
  ModelDetail,
  RecipeDifferences,
  RunDetail,
  RunSummary,
} from '../../../src/serve/studio/api.ts';
import { unpackAttention } from '../../../src/serve/studio/attention-message.ts';
import { createStudio } from '../../../src/serve/studio/studio.ts';
import { fakeCard, fakePool } from '../../studio/fake-pool.ts';
import { appendMetrics, fakeRun, makeOld, metricsLine } from './helpers.ts';

let folder: string;
let runs: string;
let app: Hono;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tslm-studio-'));
  runs = join(folder, 'runs');
  mkdirSync(runs);
  app = createStudio({ pool: fakePool(), runs: [runs], assets: join(folder, 'page') });
});
afterEach(() => rmSync(folder, { recursive: true }));

async function get<T>(path: string): Promise<T> {
  const response = await app.request(`/studio/api${path}`);
  expect(response.status, await response.clone().text()).toBe(200);
  return response.json() as Promise<T>;
}

async function refusal(path: string, body?: unknown): Promise<[status: number, code: string, hint: boolean]> {
  const init =
    body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await app.request(`/studio/api${path}`, init);
  const { error } = (await response.json()) as ApiError;
  expect(error.message).not.toBe('');
  return [response.status, error.code, error.hint !== undefined];
}

const list = (): Promise<RunSummary[]> => get('/runs');

describe('runs', () => {
  it('lists every run below the roots, in the order of their names', async () => {
    expect(await list()).toEqual([]);
    fakeRun(runs, 'b-10');
    fakeRun(runs, 'b-9');
    fakeRun(join(runs, 'sweep'), 'lr-1');
    writeFileSync(join(runs, 'notes.txt'), 'x');
    expect((await list()).map(({ id }) => id)).toEqual(['b-9', 'b-10', 'sweep/lr-1']);
    const { name, step, parameters } = await get<RunDetail>(`/runs/${encodeURIComponent('sweep/lr-1')}`);
    expect({ name, step, parameters }).toEqual({ name: 'lr-1', step: 100, parameters: 120_000 });
  });

  it('says how each is doing', async () => {
    fakeRun(runs, 'finished');
    fakeRun(runs, 'stopped', { done: 50 });
    fakeRun(runs, 'running', { done: 50, hasEnded: false });
    makeOld(fakeRun(runs, 'killed', { done: 50, hasEnded: false }));
    fakeRun(runs, 'starting', { done: 0, hasEnded: false });
    const states = Object.fromEntries((await list()).map(({ name, state }) => [name, state]));
    expect(states).toEqual({
      finished: 'finished',
      killed: 'stopped',
      running: 'running',
      starting: 'running',
      stopped: 'stopped',
    });
    const running = (await list()).find(({ name }) => name === 'running')!;
    expect(running).toMatchObject({ step: 50, steps: 100, best: { step: 50, loss: 1.5 }, tokensPerSecond: 9000 });
    expect(running.secondsLeft).toBeCloseTo((50 * 8 * 64) / 9000);
  });

  it('sees that a run that had been stopped goes on', async () => {
    const run = fakeRun(runs, 'resumed', { done: 50 });
    makeOld(run);
    expect((await list())[0].state).toBe('stopped');
    appendMetrics(run, metricsLine(60));
    expect((await list())[0]).toMatchObject({ state: 'running', step: 60 });
  });

  it('keeps a broken run apart from the others', async () => {
    fakeRun(runs, 'whole');
    writeFileSync(join(fakeRun(runs, 'broken'), 'run.json'), '{"name":');
    writeFileSync(join(fakeRun(runs, 'foreign'), 'run.json'), '{"name":7}');
    const [broken, foreign, whole] = await list();
    expect(foreign.problem).toContain("'name'");
    expect(await refusal('/runs/foreign')).toEqual([400, 'TSLM_BAD_VALUE', false]);
    expect(broken).toMatchObject({ id: 'broken', state: 'unreadable' });
    expect(broken.problem).toContain('not valid JSON');
    expect(whole.state).toBe('finished');
  });

  it('tells recipe, samples, evaluations and descent', async () => {
    const samples = [{ step: 50, prompt: 'Once', text: ' upon' }];
    const evaluations = [{ name: 'model', bitsPerByte: 2, perplexity: 4, loss: 1.4, tokens: 10 }];
    const base = fakeRun(runs, 'base', { samples, evaluations });
    fakeRun(runs, 'tuned', { parents: [join(base, 'model'), '/elsewhere/model'], dataHash: 'c'.repeat(64) });
    fakeRun(runs, 'twin');
    expect(await get<RunDetail>('/runs/base')).toMatchObject({
      samples,
      evaluations,
      recipe: expect.stringContaining('batchSize: 8'),
      lineage: { children: ['tuned'], sameData: ['twin'], data: { tokens: 100_000 }, environment: { threads: 2 } },
    });
    const { lineage } = await get<RunDetail>('/runs/tuned');
    expect(lineage.parents).toEqual([{ path: join(base, 'model'), run: 'base' }, { path: '/elsewhere/model' }]);
  });

  it('compares recipes', async () => {
    fakeRun(runs, 'a');
    fakeRun(runs, 'b', { train: { batchSize: 16, clipGradNorm: 1 } });
    const differences = await get<RecipeDifferences>('/differences?run=a&run=b');
    expect(differences).toEqual({
      runs: ['a', 'b'],
      keys: [
        { key: 'train.batchSize', values: [8, 16] },
        { key: 'train.clipGradNorm', values: [null, 1] },
      ],
    });
  });

  it('reaches nothing outside the roots', async () => {
    const outside = fakeRun(folder, 'secret');
    fakeRun(runs, 'inside');
    for (const id of ['../secret', '..%2Fsecret', '%2e%2e%2fsecret', encodeURIComponent(outside), '.', 'inside%2F..']) {
      const response = await app.request(`/studio/api/runs/${id}`);
      expect(response.status, id).toBe(404);
    }
    symlinkSync(outside, join(runs, 'link'));
    expect((await list()).map(({ id }) => id)).toEqual(['inside']);
    rmSync(join(runs, 'inside', 'recipe.yaml'));
    symlinkSync(join(outside, 'recipe.yaml'), join(runs, 'inside', 'recipe.yaml'));
    expect((await get<RunDetail>('/runs/inside')).recipe).toBe('');
    rmSync(join(runs, 'inside', 'run.json'));
    symlinkSync(join(outside, 'run.json'), join(runs, 'inside', 'run.json'));
    expect(await list()).toMatchObject([{ id: 'inside', state: 'unreadable', name: 'inside' }]);
    expect(await refusal('/runs/nothing')).toEqual([404, 'TSLM_RUN_NOT_FOUND', true]);
  });
});

describe('metrics', () => {
  const read = (after: number): Promise<MetricsChunk> => get(`/runs/live/metrics?after=${after}`);

  it('come line by line, each once', async () => {
    const run = fakeRun(runs, 'live', { done: 20, hasEnded: false });
    const first = await read(0);
    expect(first.rows.map(({ step }) => step)).toEqual([10, 20, 20]);
    expect(await read(first.next)).toEqual({ rows: [], next: first.next, restarted: false, hasMore: false });

    const line = metricsLine(30);
    appendMetrics(run, line.slice(0, 20));
    expect((await read(first.next)).rows).toEqual([]);
    appendMetrics(run, line.slice(20), metricsLine(40, { loss: 'NaN' }));
    const second = await read(first.next);
    expect(second.rows).toMatchObject([{ step: 30 }, { step: 40, loss: 'NaN' }]);
    expect(second.restarted).toBe(false);
  });

  it('begin again when the file was cut off', async () => {
    const run = fakeRun(runs, 'live', { done: 50, hasEnded: false });
    const { next } = await read(0);
    truncateSync(join(run, 'metrics.jsonl'), metricsLine(10).length);
    const again = await read(next);
    expect(again.restarted).toBe(true);
    expect(again.rows.map(({ step }) => step)).toEqual([10]);
    expect((await list())[0].step).toBe(10);
  });

  it('come in parts when there are many', async () => {
    const run = fakeRun(runs, 'live', { hasEnded: false, steps: 100_000, done: 50 });
    appendMetrics(run, ...Array.from({ length: 20_000 }, (_, i) => metricsLine(60 + i)));
    const steps: number[] = [];
    let parts = 0;
    for (let next = 0, hasMore = true; hasMore; parts++) {
      const chunk = await read(next);
      steps.push(...chunk.rows.map(({ step }) => step));
      ({ next, hasMore } = chunk);
    }
    expect(parts).toBeGreaterThan(1);
    expect(steps.length).toBe(6 + 20_000);
    expect(steps.at(-1)).toBe(60 + 19_999);
    expect((await list())[0].step).toBe(60 + 19_999);
  });

  it('refuse a place that is none', async () => {
    fakeRun(runs, 'live');
    expect((await refusal('/runs/live/metrics?after=x')).slice(0, 2)).toEqual([400, 'TSLM_BAD_VALUE']);
    expect((await refusal('/runs/live/metrics?after=-1')).slice(0, 2)).toEqual([400, 'TSLM_BAD_VALUE']);
  });
});

describe('models', () => {
  it('are described from their folder', async () => {
    const run = fakeRun(runs, 'trained', {
      evaluations: [{ name: 'model', bitsPerByte: 2, perplexity: 4, loss: 1.4, tokens: 10 }],
    });
    const path = join(run, 'model');
    using model = createModel('gpt2', { vocabSize: 64, layers: 2, hidden: 16, heads: 2, context: 32 }, { seed: 1 });
    saveModel(path, model);
    writeFileSync(join(path, 'README.md'), '# A card');
    const cards = [fakeCard('trained', { path }), fakeCard('far', { upstream: 'http://127.0.0.1:1/v1' })];
    app = createStudio({ pool: fakePool({ cards }), runs: [runs] });
    expect(await get('/models')).toEqual(cards);
    const detail = await get<ModelDetail>('/models/trained');
    expect(detail.tree!.parameters).toBe(model.parameterCount());
    expect(detail.memory!.weights.float32).toBe(4 * model.parameterCount());
    expect(detail).toMatchObject({ readme: '# A card', config: { n_layer: 2 }, evaluations: [{ bitsPerByte: 2 }] });
    expect(await get('/models/far')).toEqual({ card: cards[1], evaluations: [] });
    expect(await refusal('/models/none')).toEqual([404, 'TSLM_MODEL_NOT_FOUND', true]);
  });
});

describe('inspect', () => {
  const post = (path: string, body: unknown): Response | Promise<Response> =>
    app.request(`/studio/api/inspect/${path}`, { method: 'POST', body: JSON.stringify(body) });

  it('sends attention as 16-bit fractions', async () => {
    const pool = fakePool();
    app = createStudio({ pool, runs: [] });
    const sentence = { text: 'The cat – 猫 – sat.' };
    const response = await post('attention', { model: 'storyteller', ...sentence });
    const { tokens, maps } = unpackAttention(await response.arrayBuffer());
    const exact = await pool.find('storyteller').engine.call('inspectAttention', sentence);
    expect(tokens).toEqual(exact.tokens);
    const { weights, ...rest } = maps[0];
    const { weights: exactWeights, ...exactRest } = exact.maps[0];
    expect(rest).toEqual(exactRest);
    expect(weights.length).toBe(exactWeights.length);
    for (const [i, weight] of weights.entries()) expect(Math.abs(weight - exactWeights[i])).toBeLessThan(1e-5);
    expect(pool.asked[0]).toEqual({ model: 'storyteller', name: 'inspectAttention', input: sentence });
  });

  it('sends what layers predict', async () => {
    const response = await post('layers', { model: 'storyteller', text: 'The cat', topK: 3 });
    expect(await response.json()).toMatchObject({ tokens: ['The', ' cat'], layers: expect.any(Array) });
  });

  it('leaves what nobody can act on to whoever mounted it', async () => {
    const pool = fakePool();
    app = new Hono().route('/', createStudio({ pool: { ...pool, list: () => JSON.parse('{') }, runs: [] }));
    app.onError(() => new Response('logged', { status: 500 }));
    const response = await app.request('/studio/api/models');
    expect([response.status, await response.text()]).toEqual([500, 'logged']);
  });

  it('refuses what it does not understand', async () => {
    const ask = (body: unknown) => refusal('/inspect/layers', body);
    expect((await ask('{')).slice(0, 2)).toEqual([400, 'TSLM_BAD_JSON']);
    expect(await ask({ model: 'storyteller', text: 'a', topk: 3 })).toEqual([400, 'TSLM_UNKNOWN_KEY', true]);
    expect((await ask({ model: 'storyteller', text: '' })).slice(0, 2)).toEqual([400, 'TSLM_BAD_VALUE']);
    expect((await ask({ model: 'storyteller', text: 'a'.repeat(4001) })).slice(0, 2)).toEqual([400, 'TSLM_BAD_VALUE']);
    expect(await ask({ model: 'none', text: 'a' })).toEqual([404, 'TSLM_MODEL_NOT_FOUND', true]);
  });
});

describe('the page', () => {
  beforeEach(() => {
    const page = join(folder, 'page');
    mkdirSync(join(page, 'assets'), { recursive: true });
    writeFileSync(join(page, 'index.html'), '<!doctype html><title>studio</title>');
    writeFileSync(join(page, 'assets', 'index-1a2b.js'), 'console.log(1)');
    writeFileSync(join(folder, 'secret.txt'), 'secret');
    app = createStudio({ pool: fakePool(), runs: [], assets: page });
    app.get('/later', c => c.text('later'));
  });

  it('may load nothing from elsewhere', async () => {
    const response = await app.request('/');
    expect(await response.text()).toContain('studio');
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:/);
  });

  it('is kept by browsers as long as it stays the same', async () => {
    const script = await app.request('/assets/index-1a2b.js', { headers: { 'accept-encoding': 'gzip' } });
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect(script.headers.get('content-encoding')).toBe('gzip');
    expect(script.headers.get('content-type')).toContain('text/javascript');
    const etag = (await app.request('/')).headers.get('etag')!;
    expect((await app.request('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('has no other files, and leaves other addresses to others', async () => {
    for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt']) {
      expect((await app.request(path)).status, path).toBe(404);
    }
    expect(await (await app.request('/later')).text()).toBe('later');
  });

  it('says how to build it when it is not built', async () => {
    app = createStudio({ pool: fakePool(), runs: [], assets: join(folder, 'nowhere') });
    const response = await app.request('/');
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('npm run build:studio');
  });
});
