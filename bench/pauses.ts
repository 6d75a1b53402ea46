/**
 * How long a stream stands still while somebody else asks a running server for something large: the longest time between
 * two pieces of its text, for each of several requests, beside that of a stream alone.
 *
 *     npm run bench && node build/bench/bench/pauses.js http://127.0.0.1:8080 [--model NAME] [--key KEY] [--rounds 3] [--json]
 *
 * The server's model must have a chat template. Prompts differ each time, so that none is in the cache. The smallest pause of
 * all rounds is printed beside the largest: what other programs cause does not come in every round.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRandom } from '../src/support/random.ts';
import { streamTimes } from './stream-chat.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    key: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const url = positionals[0];
if (url === undefined) throw new Error('give the address of a server: http://127.0.0.1:8080');
const headers = { 'content-type': 'application/json', ...(options.key && { authorization: `Bearer ${options.key}` }) };
const model = options.model ?? (await firstModel());
const random = createRandom(1);
const words = (count: number): string => Array.from({ length: count }, () => Math.floor(random.next() * 1e6)).join(' ');

/** Alternatives that all differ, each with strings of its own: nothing of one is of use for another. */
const adversarialSchema = (): object => ({
  type: 'object',
  properties: Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [
      `p${i}`,
      {
        anyOf: [
          { enum: Array.from({ length: 40 }, () => words(4)) },
          { type: 'string', pattern: `^(a|b)*a(a|b){${i % 8}}$` },
        ],
      },
    ]),
  ),
  allOf: Array.from({ length: 8 }, (_, i) => ({
    anyOf: Array.from({ length: 4 }, (_, k) => ({ properties: { [`q${i}`]: { const: k } }, required: [`q${i}`] })),
  })),
});

const chat = (content: string, more: object = {}): Asked => [
  '/v1/chat/completions',
  { model, messages: [{ role: 'user', content }], max_tokens: 4, ...more },
];
type Asked = readonly [path: string, body: object];

const requests: Record<string, () => Asked | undefined> = {
  'nothing else': () => undefined,
  'a short chat': () => chat(words(4)),
  'a text of 1 MB to /tokenize': () => ['/tokenize', { model, prompt: words(150_000) }],
  'ids of 1 MB to /detokenize': () => [
    '/detokenize',
    { model, tokens: Array.from({ length: 200_000 }, () => (5 + random.next() * 90) | 0) },
  ],
  'an adversarial schema': () =>
    chat(words(4), {
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: adversarialSchema() } },
    }),
  '512 prompts in one request': () => [
    '/v1/completions',
    { model, prompt: Array.from({ length: 512 }, () => words(12)), max_tokens: 4 },
  ],
  'a chat of 100,000 characters': () => chat(words(14_500)),
  'a chat of 2,000 messages': () => [
    '/v1/chat/completions',
    {
      model,
      messages: Array.from({ length: 2001 }, (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: words(7) })),
      max_tokens: 4,
    },
  ],
  'tools of 100,000 characters': () =>
    chat(words(4), {
      tools: Array.from({ length: 100 }, (_, i) => ({
        type: 'function',
        function: { name: `f${i}`, description: words(120), parameters: { type: 'object', properties: {} } },
      })),
    }),
  'embeddings of 512 texts': () => ['/v1/embeddings', { model, input: Array.from({ length: 512 }, () => words(12)) }],
};

const report: { request: string; pauses: number[]; status?: number }[] = [];
await measure(requests['a short chat']()); // the first request of a process warms it up
for (const [request, ask] of Object.entries(requests)) {
  const rounds = [];
  for (let round = 0; round < Number(options.rounds); round++) rounds.push(await measure(ask()));
  report.push({ request, pauses: rounds.map(({ pause }) => pause), status: rounds[0].status });
}
if (options.json) console.log(JSON.stringify(report, null, 2));
else for (const { request, pauses, status } of report) print(request, pauses, status);

/** The longest time between two pieces of a stream, from the request to a moment after its answer. */
async function measure(asked: Asked | undefined): Promise<{ pause: number; status?: number }> {
  const stop = new AbortController();
  const times: number[] = [];
  const reading = streamTimes({ url, model, key: options.key, extra: { ignore_eos: true } }, words(4), {
    signal: stop.signal,
    onPiece: at => void times.push(at),
  });
  while (times.length < 20) await sleep(5);
  const from = performance.now();
  const status = asked && (await post(asked));
  if (!asked) await sleep(500);
  await sleep(100);
  const until = performance.now();
  stop.abort();
  await reading;
  const around = times.filter((at, i) => (times[i + 1] ?? at) >= from && at <= until);
  return { pause: Math.max(...around.slice(1).map((at, i) => at - around[i])), status };
}

async function post([path, body]: Asked): Promise<number> {
  const response = await fetch(new URL(path, url), { method: 'POST', headers, body: JSON.stringify(body) });
  await response.arrayBuffer();
  return response.status;
}

function print(request: string, pauses: readonly number[], status: number | undefined): void {
  const [least, most] = [Math.min(...pauses), Math.max(...pauses)].map(ms => ms.toFixed(0).padStart(5));
  console.log(`${request.padEnd(32)} ${least} to ${most} ms${status === undefined ? '' : `   HTTP ${status}`}`);
}

async function firstModel(): Promise<string> {
  const response = await fetch(new URL('/v1/models', url), { headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as { data: { id: string }[] };
  return data[0].id;
}
