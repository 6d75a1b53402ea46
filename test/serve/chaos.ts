/**
 * Clients of every kind at once: those that ask well, those that ask badly, those that go away at any point. Works on any
 * address of a server of ours.
 */
import { createRandom, type Random } from '../../src/support/random.ts';
import { type Answer, type Exchange, exchange } from './exchange.ts';

export interface ChaosOptions {
  requests: number;
  seed: number;
  /** A model that chats. */
  model: string;
  /** A key that the server accepts, where it asks for one: then wrong ones are tried, too. */
  key?: string;
  /** Bytes of the largest body that the server reads. */
  maxBodyBytes: number;
  /** Requests at once. Default 32. */
  concurrency?: number;
  /** Milliseconds after which a client that sends no more goes away. Default 1000. */
  stall?: number;
  /** Milliseconds after the last request in which all work must have ended. Default 10000. */
  patience?: number;
  /** Bytes that the server's process has in memory. */
  residentBytes?: () => number;
}

export interface Memory {
  residentBytes: number;
  tensorBytes: number;
}

export interface ChaosReport {
  /** By kind of request and status; 0: the client went away. */
  counts: Record<string, Record<number, number>>;
  /** What should not have happened, one line each. */
  problems: string[];
  /** After half of the requests, and at the end with nothing running. */
  memory: { early: Memory; late: Memory };
}

interface Kind {
  name: string;
  /** Of hundred requests about so many. */
  weight: number;
  make: (random: Random, options: ChaosOptions) => Exchange;
  /** The statuses that are right. */
  statuses: readonly number[];
  /** What else is wrong with an answer. */
  wrong?: (answer: Answer) => string | undefined;
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random.below(items.length)];
const WORDS = ['the', 'house', 'and', 'é', '中文', 'of', '\u{1f600}', 'sea', '\n', 'a'];
const words = (random: Random, most: number): string =>
  Array.from({ length: 1 + random.below(most) }, () => pick(random, WORDS)).join(' ');

/** A request that is right. */
const chatBody = (random: Random, { model }: ChaosOptions): Record<string, unknown> => ({
  model,
  messages: [{ role: 'user', content: words(random, 20) }],
  max_tokens: 1 + random.below(12),
  temperature: pick(random, [0, 0.7, 1]),
  seed: random.below(1000),
});
const post = (path: string, body: unknown): Exchange => ({
  path,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const chat = (random: Random, options: ChaosOptions, more: object = {}): Exchange =>
  post('/v1/chat/completions', { ...chatBody(random, options), ...more });
const stream = (random: Random, options: ChaosOptions): Exchange =>
  chat(random, options, { stream: true, stream_options: { include_usage: true } });

/** Done, or the queue is full. */
const DONE = [200, 429];

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

function wrongStream({ text, type }: Answer): string | undefined {
  if (!type.startsWith('text/event-stream')) return `a stream of type ${type}`;
  const lines = text.split('\n'); // a regular expression would end lines at U+2028, too
  const data = lines.filter(line => line.startsWith('data: ')).map(line => line.slice(6));
  if (data.pop() !== '[DONE]') return `a stream that does not end with [DONE]: ${text.slice(-80)}`;
  const broken = data.find(one => !isJson(one));
  if (broken !== undefined) return `an event that is not JSON: ${broken}`;
  const finished = data.filter(one => /"finish_reason":"(stop|length)"/.test(one)).length;
  return finished === 1 ? undefined : `${finished} events with a finish_reason`;
}

function wrongChat({ text }: Answer): string | undefined {
  const { choices, usage } = JSON.parse(text) as { choices?: { message?: { content?: unknown } }[]; usage?: object };
  return typeof choices?.[0]?.message?.content === 'string' && usage ? undefined : `an answer without text: ${text}`;
}

const KINDS: readonly Kind[] = [
  { name: 'chat', weight: 12, make: chat, statuses: DONE, wrong: wrongChat },
  { name: 'chat stream', weight: 14, make: stream, statuses: DONE, wrong: wrongStream },
  {
    name: 'completion',
    weight: 6,
    make: (random, { model }) =>
      post('/v1/completions', { model, prompt: words(random, 9), max_tokens: 1 + random.below(9), logprobs: 2, n: 2 }),
    statuses: DONE,
  },
  {
    name: 'structured',
    weight: 3,
    make: (random, options) =>
      chat(random, options, {
        max_tokens: 40,
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'object', properties: { a: { type: 'boolean' } } } },
        },
      }),
    statuses: DONE,
  },
  {
    name: 'tokens',
    weight: 3,
    make: (random, { model }) => post('/tokenize', { model, prompt: words(random, 30) }),
    statuses: [200],
  },
  {
    name: 'read',
    weight: 4,
    make: random => ({ method: 'GET', path: pick(random, ['/v1/models', '/health', '/metrics', '/openapi.json']) }),
    statuses: [200],
  },
  {
    name: 'bad JSON',
    weight: 6,
    make: (random, options) => {
      const text = JSON.stringify(chatBody(random, options));
      const bad = [text.slice(0, random.below(text.length)), `${text}}`, text.replaceAll('"', "'"), '\u0000', 'NaN'];
      return post('/v1/chat/completions', pick(random, bad));
    },
    statuses: [400],
  },
  {
    name: 'no object',
    weight: 2,
    make: random => post('/v1/chat/completions', pick(random, ['[]', 'null', '"text"', '7', 'true'])),
    statuses: [400],
  },
  {
    name: 'unknown parameter',
    weight: 5,
    make: (random, options) => chat(random, options, { frobnicate: random.below(9) }),
    statuses: [400],
    wrong: ({ text }) => (text.includes('frobnicate') ? undefined : `the parameter is not named: ${text}`),
  },
  {
    name: 'bad value',
    weight: 5,
    make: (random, options) =>
      chat(
        random,
        options,
        pick<object>(random, [
          { temperature: 'hot' },
          { temperature: -1 },
          { max_tokens: 0 },
          { max_tokens: 1.5 },
          { n: 0 },
          { messages: [] },
          { messages: [{ role: 'king', content: 'x' }] },
          { stop: Array.from({ length: 17 }, (_, i) => `stop ${i}`) },
          { response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { not: {} } } } },
        ]),
      ),
    statuses: [400],
  },
  {
    name: 'too long',
    weight: 1,
    make: (random, options) => chat(random, options, { messages: [{ role: 'user', content: 'word '.repeat(20_000) }] }),
    statuses: [400],
  },
  {
    name: 'unknown model',
    weight: 3,
    make: (random, options) => chat(random, options, { model: `no-${random.below(9)}` }),
    statuses: [404],
  },
  {
    name: 'unknown path',
    weight: 2,
    make: random => ({ method: pick(random, ['GET', 'POST']), path: pick(random, ['/v1/nothing', '/v2', '/v1/%zz']) }),
    statuses: [404],
  },
  {
    name: 'wrong method',
    weight: 2,
    make: random => ({ method: pick(random, ['GET', 'PUT', 'DELETE']), path: '/v1/chat/completions' }),
    statuses: [405],
  },
  {
    name: 'wrong type',
    weight: 2,
    make: (random, options) => ({ ...chat(random, options), headers: { 'content-type': 'text/plain' } }),
    statuses: [415],
  },
  {
    name: 'wrong key',
    weight: 3,
    make: (random, options) => {
      const { headers, ...rest } = chat(random, options);
      return {
        ...rest,
        headers: { ...headers, authorization: `Bearer ${pick(random, ['sk-wrong', 'x', '.'])}` },
      };
    },
    statuses: [401],
  },
  {
    name: 'huge body',
    weight: 2,
    make: (random, { maxBodyBytes }) => ({
      path: '/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
      flood: { bytes: 2 * maxBodyBytes + 65_536, isDeclared: random.below(2) === 0 },
    }),
    statuses: [413],
  },
  {
    name: 'leaves',
    weight: 24,
    make: (random, options) => ({
      ...pick(random, [chat, stream, stream])(random, options),
      leaves: pick<Exchange['leaves']>(random, ['body', 'sent', 'answered', { pieces: 1 + random.below(4) }]),
    }),
    statuses: DONE, // where it was quicker
  },
  {
    name: 'stalls',
    weight: 1,
    make: (random, options) => ({ ...chat(random, options), leaves: { stall: options.stall ?? 1000 } }),
    statuses: [408],
  },
];

/** Sends random requests, and says what came of them. */
export async function chaos(baseUrl: string, options: ChaosOptions): Promise<ChaosReport> {
  const { requests, seed, key, concurrency = 32 } = options;
  const random = createRandom(seed);
  const kinds = KINDS.filter(({ name }) => name !== 'wrong key' || key !== undefined).flatMap(kind =>
    Array.from({ length: kind.weight }, () => kind),
  );
  const counts: ChaosReport['counts'] = {};
  const problems: string[] = [];
  const memory: Partial<ChaosReport['memory']> = {};
  const one = async (): Promise<void> => {
    const kind = pick(random, kinds);
    const asked = withKey(kind.make(random, options), key);
    try {
      const answer = await exchange(baseUrl, asked);
      const status = answer?.status ?? 0;
      counts[kind.name] ??= {};
      counts[kind.name][status] = (counts[kind.name][status] ?? 0) + 1;
      const problem = answer && wrongIn(answer, kind);
      if (problem) problems.push(`${kind.name}: ${problem}`);
    } catch (error) {
      problems.push(`${kind.name}: ${String(error)}`);
    }
  };
  const run = async (count: number): Promise<void> => {
    let left = count;
    const client = async (): Promise<void> => {
      while (left-- > 0) await one();
    };
    await Promise.all(Array.from({ length: concurrency }, client));
    problems.push(...(await notIdle(baseUrl, options)));
  };
  // By the half of it buffers and compiled code are there; what still grows then is a leak.
  const early = Math.ceil(requests / 2);
  await run(early);
  memory.early = await memoryOf(baseUrl, options);
  await run(requests - early);
  memory.late = await memoryOf(baseUrl, options);
  return { counts, problems, memory: memory as ChaosReport['memory'] };
}

const withKey = (asked: Exchange, key: string | undefined): Exchange =>
  key === undefined || asked.headers?.authorization !== undefined
    ? asked
    : { ...asked, headers: { ...asked.headers, authorization: `Bearer ${key}` } };

function wrongIn(answer: Answer, { statuses, wrong }: Kind): string | undefined {
  const { status, type, text } = answer;
  if (!statuses.includes(status)) return `status ${status}: ${text.slice(0, 200)}`;
  if (status < 400) return wrong?.(answer);
  if (!type.startsWith('application/json')) return `an error of type ${type}`;
  const { error } = JSON.parse(text) as { error?: Record<string, unknown> };
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
  const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
  const isShaped =
    error && isText(error.message) && isText(error.type) && isTextOrNull(error.param) && isTextOrNull(error.code);
  return isShaped ? wrong?.(answer) : `an error in another shape: ${text.slice(0, 200)}`;
}

/** The sum over models of a figure of `/metrics`. */
async function metric(baseUrl: string, name: string, key: string | undefined): Promise<number> {
  const answer = await exchange(baseUrl, withKey({ method: 'GET', path: '/metrics' }, key));
  const values = [...answer!.text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
  if (values.length === 0) throw new Error(`/metrics has no ${name}`);
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** A client that has left is noticed soon; what still runs or waits then has been lost. */
async function notIdle(baseUrl: string, { key, patience = 10_000 }: ChaosOptions): Promise<string[]> {
  const last = performance.now() + patience;
  for (;;) {
    const [waiting, running] = [
      await metric(baseUrl, 'tslm_requests_waiting', key),
      await metric(baseUrl, 'tslm_sequences_running', key),
    ];
    if (waiting + running === 0) return [];
    if (performance.now() > last)
      return [`${patience} ms after the last request ${running} still run, ${waiting} wait`];
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}

const memoryOf = async (baseUrl: string, { key, residentBytes }: ChaosOptions): Promise<Memory> => ({
  residentBytes: residentBytes?.() ?? 0,
  tensorBytes: await metric(baseUrl, 'tslm_tensor_bytes', key),
});
