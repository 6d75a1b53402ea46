import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../../src/serve/http/app.ts';
import { LOOPBACK_HOSTS } from '../../../src/serve/http/guard.ts';
import { keysOf } from '../../../src/serve/http/keys/key-file.ts';
import type { KeyHolder } from '../../../src/serve/http/keys/key-holder.ts';
import { fakeEngine, fakePool } from '../fake-engine.ts';
import { appWith, eventsOf, type Json } from './ask.ts';

const CHAT = '/v1/chat/completions';
const hi = { model: 'fake', messages: [{ role: 'user', content: 'Hi' }] };
const holder = (name: string, more: Partial<KeyHolder> = {}): KeyHolder => ({
  name,
  hash: createHash('sha256').update(`key-of-${name}`).digest('hex'),
  created: '2026-01-01T00:00:00Z',
  ...more,
});
const bearer = (name: string) => ({ headers: { authorization: `Bearer key-of-${name}` } });

describe('errors', () => {
  it.each([
    ['no JSON', CHAT, '{"model": ', 400, 'invalid_json'],
    ['no object', CHAT, '[]', 400, 'invalid_body'],
    ['no such model', CHAT, { ...hi, model: 'other' }, 404, 'model_not_found'],
    ['no such path', '/v1/audio', {}, 404, 'not_found'],
    [
      'another answer to go on from',
      '/v1/responses',
      { model: 'fake', input: 'a', previous_response_id: 'b' },
      400,
      'unsupported_parameter',
    ],
  ])('%s', async (_, path, body, status, code) => {
    const { post } = appWith();
    const answer = await post(path, body);
    const { error } = (await answer.json()) as Json;
    expect({ status: answer.status, code: error.code }).toEqual({ status, code });
    expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code']);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('a body that is too large, is no JSON by its type, or is compressed', async () => {
    const { post, app } = appWith({}, { limits: { maxBodyBytes: 100 } });
    expect((await post(CHAT, { ...hi, user: 'x'.repeat(200) })).status).toBe(413);
    const chunks = new Blob(['x'.repeat(200)]).stream();
    const headers = { 'content-type': 'application/json' };
    const streamed = new Request('http://localhost/v1/completions', {
      method: 'POST',
      body: chunks,
      headers,
      duplex: 'half',
    } as RequestInit);
    expect((await app.request(streamed)).status).toBe(413);
    expect((await post(CHAT, hi, { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    expect((await post(CHAT, hi, { headers: { 'content-encoding': 'gzip' } })).status).toBe(415);
  });

  it('a wrong method, and a model that cannot', async () => {
    const { app, ask } = appWith({ card: { abilities: ['embed'] } });
    expect((await app.request(CHAT)).status).toBe(405);
    const { status, body } = await ask(CHAT, hi);
    expect({ status, ...body.error }).toMatchObject({ status: 400, param: 'model', code: 'model_unsuitable' });
  });

  it('time that is up: 504, and the work is ended', async () => {
    const { ask, engine } = appWith({ prefillMs: 60_000 }, { limits: { timeoutMs: 20 } });
    const { status, body } = await ask(CHAT, hi);
    expect({ status, code: body.error.code }).toEqual({ status: 504, code: 'timeout' });
    expect(engine.aborted).toBe(1);
  });

  it('models that load: 503', async () => {
    const pool = Object.defineProperty(fakePool(), 'isReady', { value: false });
    const app = createApp({ pool });
    expect((await app.request('/health')).status).toBe(503);
    const answer = await app.request(CHAT, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(hi),
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('streams', () => {
  it('end the work when the client leaves', async () => {
    const { post, engine } = appWith({ tokenMs: 5, says: 'x'.repeat(10_000) });
    const answer = await post(CHAT, { ...hi, stream: true });
    const reader = answer.body!.getReader();
    await reader.read();
    await reader.cancel();
    await expect.poll(() => engine.aborted).toBe(1);
  });

  it('tell of errors that come later in an event', async () => {
    const { post } = appWith({ fails: { after: 2, error: new Error('secret') } });
    const answer = await post(CHAT, { ...hi, stream: true });
    expect(answer.status).toBe(200);
    const last = eventsOf(await answer.text()).at(-1)!;
    expect(last.event).toBe('error');
    expect(JSON.parse(last.data)).toMatchObject({ error: { type: 'server_error' } });
    expect(last.data).not.toContain('secret');
  });

  it('keep the connection alive while nothing comes', async () => {
    const { eventStream } = await import('../../../src/serve/http/stream/event-stream.ts');
    const { startWork } = await import('../../../src/serve/http/work.ts');
    const { work } = startWork(new AbortController().signal, Number.POSITIVE_INFINITY);
    let goOn!: () => void;
    const pinged = new Promise<void>(resolve => {
      goOn = resolve;
    });
    async function* slow() {
      await pinged;
      yield 'data: 1\n\n';
    }
    const answer = await eventStream(work, slow(), { pingMs: 5, patienceMs: 1 });
    const text = new TextDecoder();
    let all = '';
    for await (const bytes of answer.body!) {
      all += text.decode(bytes, { stream: true });
      if (all.length > 2 * ': ping\n\n'.length) goOn();
    }
    expect(all).toMatch(/^(: ping\n\n){3,}data: 1\n\n$/);
  });
});

describe('keys', () => {
  const keys = keysOf([
    holder('anna', { limits: { requestsPerMinute: 2 } }),
    holder('ben', { limits: { concurrency: 1 } }),
    holder('carl', { limits: { tokensPerMinute: 5 } }),
    holder('root', { admin: true }),
  ]);

  it('are asked for, and only the right ones do', async () => {
    const { post, app } = appWith({}, { keys });
    const none = await post(CHAT, hi);
    expect(none.status).toBe(401);
    expect(none.headers.get('www-authenticate')).toBe('Bearer');
    expect((await post(CHAT, hi, bearer('nobody'))).status).toBe(401);
    expect((await post(CHAT, hi, bearer('root'))).status).toBe(200);
    for (const path of ['/v1/models', '/metrics', '/studio/api/runs'])
      expect((await app.request(path)).status).toBe(401);
    expect((await app.request('/health')).status).toBe(200);
  });

  it('have limits: of requests, of those under way, of tokens', async () => {
    const { post } = appWith({ tokenMs: 5 }, { keys });
    const statuses = async (name: string): Promise<number[]> => {
      const answers = [];
      for (let i = 0; i < 3; i++) answers.push((await post(CHAT, hi, bearer(name))).status);
      return answers;
    };
    expect(await statuses('anna')).toEqual([200, 200, 429]);
    expect(await statuses('carl')).toEqual([200, 429, 429]);
    const both = await Promise.all([post(CHAT, hi, bearer('ben')), post(CHAT, hi, bearer('ben'))]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 429]);
    expect((await post(CHAT, hi, bearer('ben'))).status).toBe(200);
    const limited = await post(CHAT, hi, bearer('anna'));
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(10);
  });

  it('of an administrator load and unload models', async () => {
    const { post, app } = appWith({}, { keys });
    expect((await post('/v1/models', { path: 'm', name: 'n' }, bearer('ben'))).status).toBe(403);
    expect((await post('/v1/models', { path: 'm', name: 'a/n' }, bearer('root'))).status).toBe(201);
    expect((await app.request('/v1/models/a/n', bearer('root'))).status).toBe(200);
    const gone = await app.request('/v1/models/a/n', { method: 'DELETE', ...bearer('root') });
    expect(await gone.json()).toEqual({ id: 'a/n', object: 'model', deleted: true });
    expect((await app.request('/v1/models/a/n', bearer('root'))).status).toBe(404);
  });
});

describe('without keys', () => {
  it('only this machine loads models', async () => {
    const { app } = appWith();
    const load = (remoteAddress: string, headers = {}) =>
      app.request(
        '/v1/models',
        { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"path":"m"}' },
        { incoming: { socket: { remoteAddress } } },
      );
    expect((await load('10.0.0.1')).status).toBe(403);
    expect((await load('127.0.0.1', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(403);
    expect((await load('127.0.0.1')).status).toBe(201);
  });
});

describe('pages of others', () => {
  it('may not ask, by their name or by ours, unless allowed', async () => {
    const own = appWith({}, { hosts: LOOPBACK_HOSTS });
    const ask = (app: typeof own, headers: Record<string, string>) => app.app.request('/v1/models', { headers });
    expect((await ask(own, { host: 'evil.example:8080' })).status).toBe(403);
    expect((await ask(own, { host: 'localhost:8080' })).status).toBe(200);
    expect((await ask(own, { host: 'localhost:8080', origin: 'http://localhost:8080' })).status).toBe(200);
    expect((await ask(own, { host: 'localhost:8080', origin: 'https://a.example' })).status).toBe(403);
    const open = appWith({}, { cors: ['https://a.example'] });
    const allowed = await ask(open, { origin: 'https://a.example' });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.example');
    const preflight = await open.app.request(CHAT, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
  });

  it('may send the headers that clients add, and read errors', async () => {
    const { app, post } = appWith({}, { cors: ['https://a.example'] });
    const preflight = async (origin: string): Promise<Response> =>
      app.request(CHAT, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-stainless-os,x-stainless-lang',
        },
      });
    const { headers } = await preflight('https://a.example');
    expect(headers.get('access-control-allow-headers')?.split(',')).toContain('x-stainless-os');
    expect((await preflight('https://b.example')).headers.get('access-control-allow-origin')).toBeNull();
    const refused = await post(CHAT, { ...hi, top_p: 7 }, { headers: { origin: 'https://a.example' } });
    expect(refused.status).toBe(400);
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://a.example');
  });
});

describe('/metrics', () => {
  it('counts requests and tokens, and says where each model stands', async () => {
    const { post, app } = appWith();
    await (await post(CHAT, { ...hi, stream: true })).text();
    await post(CHAT, '{');
    const text = await (await app.request('/metrics')).text();
    for (const line of [
      'tslm_requests_total{endpoint="/v1/chat/completions",status="200"} 1',
      'tslm_requests_total{endpoint="/v1/chat/completions",status="400"} 1',
      'tslm_completion_tokens_total{model="fake"} 12',
      'tslm_prompt_tokens_total{model="fake"} 9',
      'tslm_time_to_first_token_seconds_count{model="fake"} 1',
      'tslm_time_between_tokens_seconds_count{model="fake"} 11',
      'tslm_batch_size_mean{model="fake"} 1.5',
      'tslm_cache_used_tokens{model="fake"} 5',
    ])
      expect(text).toContain(line);
  });
});

describe('/openapi.json', () => {
  it('has a schema for each endpoint that says no to what the server refuses', async () => {
    const { app } = appWith();
    const spec = (await (await app.request('/openapi.json')).json()) as Json;
    expect(spec.openapi).toBe('3.1.0');
    const ajv = new Ajv2020({ strict: false });
    for (const [path, { post }] of Object.entries<Json>(spec.paths)) {
      if (post) expect(() => ajv.compile(post.requestBody.content['application/json'].schema), path).not.toThrow();
    }
    const chat = ajv.compile(spec.paths[CHAT].post.requestBody.content['application/json'].schema);
    expect(chat(hi)).toBe(true);
    expect(chat({ ...hi, frequency: 1 })).toBe(false);
  });
});

describe('the studio', () => {
  it('comes after the routes of the server', async () => {
    const { Hono } = await import('hono');
    const studio = new Hono().get('/', c => c.text('page')).get('/health', c => c.text('never'));
    const app = createApp({ pool: fakePool(fakeEngine()), studio });
    expect(await (await app.request('/')).text()).toBe('page');
    expect(await (await app.request('/health')).json()).toEqual({ status: 'ok' });
  });
});
