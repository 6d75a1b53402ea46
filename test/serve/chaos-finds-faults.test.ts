/** What `chaos` is for: it is content with a server that does everything right, and finds each fault of others. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type ChaosReport, chaos } from './chaos.ts';

const LIMIT = 1 << 20;
const KEY = 'sk-right';

/** What a server does wrong. */
type Fault =
  | 'none'
  | 'keeps slots'
  | 'breaks connections'
  | 'plain errors'
  | 'ignores parameters'
  | 'cuts streams'
  | 'fails';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** The least that an OpenAI-compatible server is, without a model. */
async function serve(fault: Fault): Promise<string> {
  let running = 0;
  server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await new Promise(resolve => server!.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fail = (status: number, message: string): void => {
      if (fault === 'plain errors')
        return void response.writeHead(status, { 'content-type': 'text/plain' }).end(message);
      const error = { message, type: 'invalid_request_error', param: null, code: null };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    };
    const send = (body: unknown): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${KEY}`) return fail(401, 'wrong key');
    const { method, url } = request;
    if (url === '/metrics') {
      const figures = { tslm_requests_waiting: 0, tslm_sequences_running: running, tslm_tensor_bytes: 100 };
      return void response.end(
        Object.entries(figures)
          .map(([name, value]) => `${name}{model="m"} ${value}\n`)
          .join(''),
      );
    }
    if (method === 'GET' && ['/v1/models', '/health', '/openapi.json'].includes(url!)) return send({});
    if (!['/v1/chat/completions', '/v1/completions', '/tokenize'].includes(url!)) return fail(404, 'no such path');
    if (method !== 'POST') return fail(405, 'only POST');
    if (request.headers['content-type'] !== 'application/json') return fail(415, 'only JSON');
    let text = '';
    for await (const piece of request) {
      text += piece;
      if (text.length > LIMIT) return fault === 'breaks connections' ? void request.destroy() : fail(413, 'too large');
    }
    let body: Record<string, unknown>;
    try {
      body = JSON.parse(text) as Record<string, unknown>;
      if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new TypeError();
    } catch {
      return fail(fault === 'fails' ? 500 : 400, 'not a JSON object');
    }
    const { model, messages, max_tokens: most, temperature, n, stop } = body;
    if (model !== 'm') return fail(404, 'no such model');
    if ('frobnicate' in body && fault !== 'ignores parameters') return fail(400, "unknown parameter 'frobnicate'");
    const [first] = (messages ?? [{ role: 'user', content: '' }]) as { role: string; content: string }[];
    const isRight =
      (temperature === undefined || Number(temperature) >= 0) &&
      (most === undefined || (Number.isInteger(most) && Number(most) > 0)) &&
      n !== 0 &&
      first?.role === 'user' &&
      first.content.length < 10_000 &&
      !Array.isArray(stop) &&
      !text.includes('"not"');
    if (!isRight) return fail(400, 'bad value');
    running++;
    let isGone = false;
    response.on('close', () => {
      isGone = true;
      if (fault !== 'keeps slots' || response.writableFinished) running--;
    });
    await new Promise(resolve => setTimeout(resolve, 2));
    if (!body.stream) return send({ choices: [{ message: { content: 'text' } }], usage: {} });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (let i = 0; i < Number(most) && !isGone; i++) {
      response.write(`data: {"choices":[{"delta":{"content":"a"}}]}\n\n`);
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    response.write('data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n\n');
    response.end(fault === 'cuts streams' ? '' : 'data: [DONE]\n\n');
  }
}

const options = {
  requests: 300,
  seed: 1,
  model: 'm',
  key: KEY,
  maxBodyBytes: LIMIT,
  concurrency: 16,
  stall: 100,
};
const run = async (fault: Fault): Promise<ChaosReport> => {
  const patience = fault === 'keeps slots' ? 300 : 30_000; // only there is it waited for to the end
  return chaos(await serve(fault), { ...options, patience });
};

it('is content with a server without fault', async () => {
  const { counts, problems, memory } = await run('none');
  expect(problems).toEqual([]);
  expect(memory.late.tensorBytes).toBe(100);
  const statuses = new Set(Object.values(counts).flatMap(byStatus => Object.keys(byStatus).map(Number)));
  expect([...statuses].sort()).toEqual([0, 200, 400, 401, 404, 405, 413, 415]);
  const total = Object.values(counts).flatMap(byStatus => Object.values(byStatus));
  expect(total.reduce((sum, count) => sum + count, 0)).toBe(options.requests);
});

it.each([
  ['keeps slots', /still run/],
  ['breaks connections', /huge body: Error/],
  ['plain errors', /an error of type text\/plain/],
  ['ignores parameters', /unknown parameter: status 200/],
  ['cuts streams', /does not end with \[DONE\]/],
  ['fails', /bad JSON: status 500/],
] as const)('finds a server that %s', async (fault, problem) => {
  const { problems } = await run(fault);
  expect(problems.some(one => problem.test(one))).toBe(true);
});
