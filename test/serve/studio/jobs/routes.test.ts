/** `/studio/api/jobs` without sockets: what is asked, what comes back, and who may ask. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../../../src/serve/http/app.ts';
import type { Keys } from '../../../../src/serve/http/keys/key-file.ts';
import type { Env } from '../../../../src/serve/http/work.ts';
import type { ApiError, JobEvent, JobList, JobSummary, Workplace } from '../../../../src/serve/studio/api.ts';
import { logOf, writeState } from '../../../../src/serve/studio/jobs/job-files.ts';
import { createStudio } from '../../../../src/serve/studio/studio.ts';
import { eventsOf } from '../../../../studio/src/server/sse.ts';
import { fakePool } from '../../../studio/fake-pool.ts';
import { scratchFolder } from '../../../support/scratch.ts';
import { fakeRun } from '../helpers.ts';
import { jobsIn, makePlace, prepare, train } from './helpers.ts';

const scratch = scratchFolder();
let count = 0;

function start(options: { keys?: Keys; cors?: string[]; atOnce?: number } = {}) {
  const place = makePlace(scratch, `place-${++count}`);
  const { jobs, queues } = jobsIn(place, options);
  const { keys, cors } = options;
  const studio = createStudio({
    pool: fakePool(),
    runs: [join(place.folder, 'runs')],
    jobs,
    isGuarded: keys !== undefined,
  });
  return { ...place, api: jobs, queues, app: createApp({ pool: fakePool(), studio, keys, cors }) };
}

const post = (app: Hono<Env>, path: string, body: unknown = {}, headers = {}, env = {}): Promise<Response> =>
  Promise.resolve(
    app.request(
      `/studio/api/jobs${path}`,
      { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } },
      env,
    ),
  );
async function get<T>(app: Hono<Env>, path = ''): Promise<T> {
  const response = await app.request(`/studio/api/jobs${path}`);
  expect(response.status, await response.clone().text()).toBe(200);
  return response.json() as Promise<T>;
}
async function asked(app: Hono<Env>, body: unknown): Promise<JobSummary> {
  const response = await post(app, '', body);
  expect(response.status, await response.clone().text()).toBe(201);
  return response.json() as Promise<JobSummary>;
}
async function eventsFrom(app: Hono<Env>, id: string, after = 0): Promise<JobEvent[]> {
  const response = await app.request(`/studio/api/jobs/${id}/events?after=${after}`);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: JobEvent[] = [];
  for await (const data of eventsOf(response.body!)) events.push(JSON.parse(data) as JobEvent);
  return events;
}

describe('jobs', () => {
  it('are started, followed to their end, listed, and forgotten', async () => {
    const { app, folder, jobs } = start();
    expect(await get<JobList>(app)).toEqual({ folder, atOnce: 1, jobs: [] });
    const job = await asked(app, prepare());
    expect(job).toMatchObject({
      id: '0001-prepare',
      state: expect.stringMatching(/waiting|running/),
      line: 'tslm prepare texts/book.txt --out corpora/new',
      values: prepare().values,
    });
    const events = await eventsFrom(app, job.id);
    const states = events.flatMap(event => (event.type === 'job' ? [event.job.state] : []));
    expect(states.at(-1)).toBe('done');
    const text = events.flatMap(event => (event.type === 'log' ? [event.text] : [])).join('');
    expect(text).toBe(readFileSync(logOf(jobs, job.id), 'utf8'));
    // What was sent is not sent again.
    const again = await eventsFrom(app, job.id, Buffer.byteLength(text));
    expect(again.map(({ type }) => type)).toEqual(['job']);

    const failed = await asked(app, prepare('texts/bad.txt'));
    const last = (await eventsFrom(app, failed.id)).at(-1);
    expect(last).toMatchObject({ job: { state: 'failed', code: 1, problem: 'nothing was read → give a text' } });
    expect((await get<JobList>(app)).jobs.map(({ id, state }) => `${id} ${state}`)).toEqual([
      '0002-prepare failed',
      '0001-prepare done',
    ]);
    const removed = await app.request(`/studio/api/jobs/${failed.id}`, { method: 'DELETE' });
    expect(removed.status).toBe(200);
    expect(existsSync(join(jobs, failed.id))).toBe(false);
    expect((await get<JobList>(app)).jobs).toHaveLength(1);
  });

  it('tell how far they are, save when they are stopped, and are not forgotten before', async () => {
    const { app } = start();
    const { id } = await asked(app, train());
    await expect.poll(() => get<JobSummary>(app, `/${id}`)).toMatchObject({ state: 'running', stops: 0 });
    await expect
      .poll(async () => (await get<JobSummary>(app, `/${id}`)).progress)
      .toEqual({ label: 'working', done: 1, total: 4 });
    const refused = await app.request(`/studio/api/jobs/${id}`, { method: 'DELETE' });
    expect(refused.status).toBe(409);
    expect(((await refused.json()) as ApiError).error.code).toBe('TSLM_JOB_UNFINISHED');
    const stopping = (await (await post(app, `/${id}/stop`)).json()) as JobSummary;
    expect(stopping).toMatchObject({ state: 'running', stops: 1 });
    const events = await eventsFrom(app, id);
    expect(events.at(-1)).toMatchObject({ type: 'job', job: { state: 'stopped', code: 143 } });
    expect(events.some(event => event.type === 'log' && event.text.includes('学习中'))).toBe(true);
    // A job that has ended is not stopped any more.
    expect(await (await post(app, `/${id}/stop`)).json()).toMatchObject({ state: 'stopped', stops: 1 });
  });

  it('wait for one another', async () => {
    const { app } = start();
    const [first, second] = [await asked(app, train()), await asked(app, train())];
    await expect.poll(() => get<JobSummary>(app, `/${first.id}`)).toMatchObject({ state: 'running' });
    expect(await get<JobSummary>(app, `/${second.id}`)).toMatchObject({ state: 'waiting' });
    expect(await (await post(app, `/${second.id}/stop`)).json()).toMatchObject({ state: 'stopped' });
    await post(app, `/${first.id}/stop`);
    await expect.poll(() => get<JobSummary>(app, `/${first.id}`)).toMatchObject({ state: 'stopped' });
    expect(await get<JobSummary>(app, `/${second.id}`)).not.toHaveProperty('began');
  });

  it('of a server before are taken up: what waits is done, and what nobody saw ending is called interrupted', async () => {
    const before = start();
    const { folder, jobs, program } = before;
    const place = { folder, jobs, program };
    const { id } = await asked(before.app, prepare());
    await Promise.all(before.queues);
    writeState(jobs, id, { state: 'running', pid: 2 ** 22 + 1, began: '2026-01-01T00:00:00.000Z' });
    expect(before.api.find(id)).toMatchObject({ state: 'interrupted' });
    const after = jobsIn(place);
    await Promise.all(after.queues);
    expect(after.queues).toHaveLength(1);
    expect(after.jobs.find(id)).toMatchObject({ state: 'interrupted', ended: expect.any(String) });
    expect(jobsIn(place).queues).toHaveLength(0);
  });

  it('are linked with the run that they train', async () => {
    const { app, folder } = start();
    fakeRun(join(folder, 'runs'), 'mine');
    const { id } = await asked(app, { command: 'train', values: { recipe: 'tiny.yaml', out: 'runs/mine' } });
    expect(await get<JobSummary>(app, `/${id}`)).toMatchObject({ run: 'mine' });
    await post(app, `/${id}/stop`);
    await expect.poll(() => get<JobSummary>(app, `/${id}`)).toMatchObject({ state: 'stopped' });
  });

  it('stop being followed when the server ends', async () => {
    const { app, api } = start();
    const { id } = await asked(app, train());
    await expect.poll(() => get<JobSummary>(app, `/${id}`)).toMatchObject({ state: 'running' });
    const events = eventsFrom(app, id);
    api.close();
    expect((await events).at(-1)).not.toMatchObject({ job: { ended: expect.anything() } });
    await post(app, `/${id}/stop`);
    await expect.poll(() => api.find(id).state).toBe('stopped');
  });

  it('of a long log the end is sent, in whole characters', async () => {
    const { app, jobs } = start();
    const { id } = await asked(app, prepare());
    await eventsFrom(app, id);
    appendFileSync(logOf(jobs, id), '字'.repeat(700_000));
    const text = (await eventsFrom(app, id)).flatMap(event => (event.type === 'log' ? [event.text] : [])).join('');
    expect(text.length).toBeLessThan(50_000);
    expect(text.replace(/^�{1,2}/, '')).toMatch(/^字+$/);
  });

  it('that are asked for wrongly are refused', async () => {
    const { app } = start();
    const code = async (response: Response) => [response.status, ((await response.json()) as ApiError).error.code];
    expect(await code(await post(app, '', { command: 'serve', values: {} }))).toEqual([400, 'TSLM_BAD_VALUE']);
    expect(await code(await post(app, '', prepare('../x')))).toEqual([400, 'TSLM_OUTSIDE']);
    expect(await code(await post(app, '/0009-train/stop'))).toEqual([404, 'TSLM_JOB_NOT_FOUND']);
    expect(await code(await post(app, '/..%2Ftexts/stop'))).toEqual([404, 'TSLM_JOB_NOT_FOUND']);
    expect(await code(await app.request('/studio/api/jobs/..%2F..%2Fetc', { method: 'DELETE' }))).toEqual(
      [404, 'TSLM_JOB_NOT_FOUND'], // biome-ignore format: one line
    );
    expect((await get<JobList>(app)).jobs).toEqual([]);
  });

  it('are none on a server that starts none', async () => {
    const app = createStudio({ pool: fakePool() });
    expect(await (await app.request('/studio/api/jobs')).json()).toBeNull();
    expect((await app.request('/studio/api/jobs', { method: 'POST', body: '{}' })).status).toBe(404);
  });
});

describe('the folder', () => {
  it('suggests what lies in it', async () => {
    const { app, folder } = start();
    writeFileSync(join(folder, 'corpora', 'old', 'corpus.json'), '{"splits":{"train":{"tokens":5}},"vocab_size":7}');
    writeFileSync(join(folder, 'rows.jsonl'), '{}');
    writeFileSync(join(folder, 'package.json'), '{}');
    mkdirSync(join(folder, 'node_modules', 'x'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', 'x', 'y.txt'), '');
    const run = fakeRun(join(folder, 'runs'), 'mine');
    const workplace = await get<Workplace>(app, '/workplace');
    expect(workplace).toMatchObject({
      folder,
      corpora: [{ path: 'corpora/old' }],
      runs: [{ path: 'runs/mine', hasModel: false }],
      texts: ['texts/', 'texts/bad.txt', 'texts/book.txt'],
      rows: ['rows.jsonl'],
      recipes: ['tiny.yaml'],
    });
    expect(workplace.knownRecipes.map(({ name }) => name)).toContain('quickstart');
    expect(workplace.knownRecipes.map(({ name }) => name).join()).not.toContain('/');
    mkdirSync(join(run, 'model'));
    writeFileSync(join(run, 'model', 'config.json'), '{}');
    expect((await get<Workplace>(app, '/workplace')).runs).toMatchObject([{ hasModel: true }]);
  });

  it('takes a text that was pasted, and replaces none', async () => {
    const { app, folder } = start();
    const response = await post(app, '/texts', { name: '我的 notes', text: 'Es war einmal.' });
    expect(response.status, await response.clone().text()).toBe(201);
    expect(await response.json()).toEqual({ path: 'texts/我的 notes.txt' });
    expect(readFileSync(join(folder, 'texts', '我的 notes.txt'), 'utf8')).toBe('Es war einmal.');
    for (const [name, code] of [
      ['我的 notes', 'TSLM_EEXIST'],
      ['../x', 'TSLM_BAD_VALUE'],
      ['.hidden', 'TSLM_BAD_VALUE'],
      ['a/b', 'TSLM_BAD_VALUE'],
    ]) {
      const refused = await post(app, '/texts', { name, text: 'x' });
      expect(((await refused.json()) as ApiError).error.code, name).toBe(code);
    }
  });
});

describe('who may start jobs', () => {
  const remote = { incoming: { socket: { remoteAddress: '10.0.0.7' } } };
  const local = { incoming: { socket: { remoteAddress: '::ffff:127.0.0.1' } } };
  const holders = {
    admin: { id: 'a', name: 'ada', admin: true },
    plain: { id: 'b', name: 'ben', admin: false },
  } as unknown as Record<string, ReturnType<Keys['find']>>;
  const keys = { find: (key: string) => holders[key] } as Keys;
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  it('is whoever sits at this machine, and nobody who comes by a network, a proxy or another page', async () => {
    const { app, api } = start({ cors: ['*'] });
    const status = async (headers: object, env: object): Promise<number> =>
      (await post(app, '', prepare(), headers, env)).status;
    expect(await status({}, remote)).toBe(403);
    expect(await status({ 'x-forwarded-for': '127.0.0.1' }, local)).toBe(403);
    expect(await status({ forwarded: 'for=127.0.0.1' }, local)).toBe(403);
    expect(await status({ origin: 'http://evil.example' }, local)).toBe(403);
    expect(await status({ origin: 'null' }, local)).toBe(403);
    expect(await status({ 'sec-fetch-site': 'cross-site' }, local)).toBe(403);
    expect(await status({ 'sec-fetch-site': 'same-site' }, local)).toBe(403);
    expect(await status({ host: 'evil.example', origin: 'http://evil.example' }, local)).toBe(403);
    expect(api.list()).toEqual([]);
    for (const path of ['', '/workplace', '/0001-prepare/events']) {
      expect((await app.request(`/studio/api/jobs${path}`, {}, remote)).status, path).toBe(403);
    }
    expect((await post(app, '/texts', { name: 'x', text: 'x' }, {}, remote)).status).toBe(403);
    expect(
      await status({ host: 'localhost:8080', origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }, local),
    ).toBe(201);
    expect(await status({ host: '127.0.0.1:8080' }, local)).toBe(201);
  });

  it('has an admin key where there are keys, and sits at this machine nevertheless', async () => {
    const { app, api } = start({ keys });
    const status = async (headers: object, env: object = local): Promise<number> =>
      (await post(app, '', prepare(), headers, env)).status;
    expect(await status({})).toBe(401);
    expect(await status(bearer('plain'))).toBe(403);
    expect(await status(bearer('admin'), remote)).toBe(403);
    expect(api.list()).toEqual([]);
    expect(await status(bearer('admin'))).toBe(201);
  });
});
