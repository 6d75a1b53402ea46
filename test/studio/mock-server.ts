/** The studio on a loopback port with models that are not there, in place of the real server. */
import { type ServerType, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { GenerationRequest } from '../../src/engine/protocol.ts';
import type { Jobs } from '../../src/serve/studio/jobs/jobs.ts';
import { createStudio } from '../../src/serve/studio/studio.ts';
import { UserError } from '../../src/support/errors.ts';
import { type FakeOptions, type FakePool, fakePool } from './fake-pool.ts';

export interface MockOptions extends FakeOptions {
  runs?: readonly string[];
  results?: readonly string[];
  /** Default: none are started. */
  jobs?: Jobs;
  /** Asked for by every endpoint but `/health` and the page itself. */
  key?: string;
  /** Default: any that is free. */
  port?: number;
}

export interface MockServer {
  address: string;
  port: number;
  pool: FakePool;
  close(): Promise<void>;
}

export async function startMockServer(options: MockOptions = {}): Promise<MockServer> {
  const pool = fakePool(options);
  const app = mockApp(pool, options);
  const server = await new Promise<ServerType>(resolve => {
    const started: ServerType = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: options.port ?? 0 }, () =>
      resolve(started),
    );
  });
  const { port } = server.address() as { port: number };
  const close = (): Promise<void> =>
    new Promise(resolve => {
      server.close(() => resolve());
      if ('closeAllConnections' in server) server.closeAllConnections();
    });
  return { address: `http://127.0.0.1:${port}`, port, pool, close };
}

function mockApp(pool: FakePool, { runs, results, jobs, key }: MockOptions): Hono {
  const app = new Hono();
  app.get('/health', c => c.json({ status: 'ok' }));
  app.use(async (c, next) => {
    const isOpen = !/^\/(v1|studio\/api)\//.test(c.req.path);
    if (isOpen || key === undefined || c.req.header('authorization') === `Bearer ${key}`) return next();
    return c.json(
      { error: { message: 'a key is needed', type: 'authentication_error', code: 'invalid_api_key' } },
      401,
    );
  });
  app.post('/v1/chat/completions', c => answer(c, pool, 'chat'));
  app.post('/v1/completions', c => answer(c, pool, 'completion'));
  app.post('/v1/models', async c => c.json(await pool.load(await c.req.json())));
  app.delete('/v1/models/:id', async c => {
    await pool.unload(c.req.param('id'));
    return c.json({ deleted: true });
  });
  app.onError((error, c) => {
    const { code, hint } = error instanceof UserError ? error : { code: 'internal_error', hint: undefined };
    return c.json({ error: { message: error.message, type: 'invalid_request_error', code, hint } }, 400);
  });
  app.route('/', createStudio({ pool, results, runs, jobs }));
  return app;
}

/** Chunks as OpenAI's API has them. */
async function answer(c: Context, pool: FakePool, mode: 'chat' | 'completion'): Promise<Response> {
  const body = (await c.req.json()) as Record<string, unknown>;
  const { engine } = pool.find(body.model as string);
  const request = {
    prompt: mode === 'chat' ? { messages: body.messages } : { text: body.prompt },
    maxTokens: body.max_tokens,
    logprobs: mode === 'chat' ? body.top_logprobs : body.logprobs,
    sampling: body,
  } as unknown as GenerationRequest;
  const controller = new AbortController();
  return streamSSE(c, async stream => {
    stream.onAbort(() => controller.abort());
    const send = (choice: object, more: object = {}): Promise<void> =>
      stream.writeSSE({ data: JSON.stringify({ id: 'mock', model: body.model, choices: [choice], ...more }) });
    if (mode === 'chat') await send({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null });
    const events = engine.generate(request, controller.signal)[Symbol.asyncIterator]();
    for (;;) {
      const { value: event, done } = await events.next().catch(error => {
        if (!controller.signal.aborted) throw error;
        return { value: undefined, done: true };
      });
      if (done || event === undefined || controller.signal.aborted) break;
      if (event.type === 'text') {
        const { text, tokens = [] } = event;
        const top = (list: typeof tokens) => list.map(({ text: token, logprob, bytes }) => ({ token, logprob, bytes }));
        const content = tokens.map(token => ({ ...top([token])[0], top_logprobs: top((token.top ?? []) as never) }));
        const lists = {
          tokens: tokens.map(token => token.text),
          token_logprobs: tokens.map(token => token.logprob),
          top_logprobs: tokens.map(token => Object.fromEntries((token.top ?? []).map(t => [t.text, t.logprob]))),
        };
        if (mode === 'chat') await send({ index: 0, delta: { content: text }, logprobs: { content } });
        else await send({ index: 0, text, logprobs: lists });
      } else if (event.type === 'finish') {
        await send({ index: 0, ...(mode === 'chat' ? { delta: {} } : { text: '' }), finish_reason: event.reason });
      } else if (event.type === 'end') {
        const usage = { prompt_tokens: event.promptTokens, completion_tokens: event.completionTokens };
        await stream.writeSSE({ data: JSON.stringify({ id: 'mock', model: body.model, choices: [], usage }) });
      }
    }
    await stream.writeSSE({ data: '[DONE]' });
  });
}
