/**
 * A service under load while its revisions change, and while it learns: requests in many streams over three swaps and a rollback, each
 * greedy answer beside what exactly one revision says; latencies beside those without a swap, and those while an update is trained
 * beside those while nothing is.
 *
 *     npm run bench && node build/bench/bench/online/load.js [--requests 10000] [--streams 16] [--json]
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, constants, cpus, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { openStore } from '../../src/online/store/store.ts';
import { addChoices, bin, makeModel, makeRevision, markPassed, startServer, writeRows } from './service.ts';

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '2000' },
    streams: { type: 'string', default: '16' },
    'train-streams': { type: 'string', default: '2' },
    json: { type: 'boolean', default: false },
  },
});
const [REQUESTS, STREAMS, BESIDE] = [options.requests, options.streams, options['train-streams']].map(Number);
const PROMPTS = ['so it was', 'the sea ran', 'a dog and a cat saw the moon', 'the hill where'];
const TOKENS = 12;
/** Of training and none, one after the other. */
const [TURNS, TURN_MS] = [8, 4000];

const root = mkdtempSync(join(tmpdir(), 'tslm-load-'));
const folder = join(root, 'learning');
const model = await makeModel(join(root, 'model'));
const replay = writeRows(join(root, 'rows.jsonl'));
const store = openStore(folder);
// An update that takes a while, and is not kept.
writeFileSync(join(folder, 'learning.yaml'), 'update: { epochs: 400, batchSize: 16 }\n');
const registry = openRegistry(store, model);
const made = [1, 2, 3].map(seed => makeRevision(folder, model, seed));
for (const id of made) markPassed(store, id, model);
const revisions = [registry.base.id, ...made];
const server = await startServer([model, '--learn', folder]);

interface Answer {
  prompt: string;
  by: string;
  text: string;
  ms: number;
}

async function ask(prompt: string): Promise<Answer> {
  const begun = performance.now();
  const response = await fetch(`${server.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'model', prompt, max_tokens: TOKENS, temperature: 0, ignore_eos: true }),
  });
  const body = (await response.json()) as { system_fingerprint: string; choices: { text: string }[] };
  if (!response.ok) throw new Error(JSON.stringify(body));
  return { prompt, by: body.system_fingerprint, text: body.choices[0].text, ms: performance.now() - begun };
}

interface Load {
  answers: Answer[];
  failures: string[];
}

/** Streams that ask, each the next when it has an answer, until there are enough. */
async function load(streams: number, isEnough: (asked: number) => boolean, seen: Load): Promise<void> {
  let asked = 0;
  await Promise.all(
    Array.from({ length: streams }, async () => {
      while (!isEnough(asked)) {
        const prompt = PROMPTS[asked++ % PROMPTS.length];
        await ask(prompt).then(
          answer => seen.answers.push(answer),
          error => seen.failures.push(String(error)),
        );
      }
    }),
  );
}

const none = (): Load => ({ answers: [], failures: [] });
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await sleep(5);
};

function percentiles({ answers }: Load): { p50: number; p95: number; p99: number } {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

await load(STREAMS, asked => asked >= 200, none()); // warm
const still = none();
await load(STREAMS, asked => asked >= Math.min(REQUESTS, 2500), still);

const swapped = none();
let isDone = false;
const changes = [1, 2, 3].map(i => () => registry.promote(revisions[i], 'load').to);
changes.push(() => registry.rollback('load').to);
const changing = (async () => {
  for (const [i, change] of changes.entries()) {
    await until(() => swapped.answers.length > ((i + 1) * REQUESTS) / (changes.length + 1));
    const to = change();
    await until(() => swapped.answers.at(-1)?.by === to);
  }
  isDone = true;
})();
await Promise.all([load(STREAMS, asked => asked >= REQUESTS && isDone, swapped), changing]);

/** Asked one after another, what each revision says. */
const said = new Map<string, string>();
for (const id of revisions) {
  if (registry.alias('champion') !== id) registry.promote(id, 'load');
  while ((await ask(PROMPTS[0])).by !== id) await sleep(20);
  for (const prompt of PROMPTS) said.set(`${id} ${prompt}`, (await ask(prompt)).text);
}
const distinct = new Set(said.values()).size;
const mixed = swapped.answers.filter(({ prompt, by, text }) => said.get(`${by} ${prompt}`) !== text);
const byRevision = revisions.map(id => swapped.answers.filter(({ by }) => by === id).length);

// While an update is trained, and while it is stopped, in turns, so that whatever else the machine does is the same for both.
const [idle, training] = [none(), none()];
addChoices(store, 160, 'load-');
const learner = spawn(process.execPath, [bin, 'learn', folder, '--replay', replay, '--then', 'nothing'], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
setPriority(learner.pid!, constants.priority.PRIORITY_BELOW_NORMAL); // as a server starts it
let told = '';
learner.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
process.once('exit', () => learner.kill('SIGKILL'));
const isTraining = (): boolean => learner.exitCode === null && !told.includes('the gate');
await until(() => told.includes('judgements to learn from') || !isTraining());
await sleep(2000); // its models are loaded
for (let turn = 0; turn < TURNS && isTraining(); turn++) {
  for (const [signal, seen] of [
    ['SIGSTOP', idle],
    ['SIGCONT', training],
  ] as const) {
    learner.kill(signal);
    await sleep(100);
    const over = performance.now() + TURN_MS;
    await load(BESIDE, () => performance.now() > over, seen);
  }
}
if (training.answers.length === 0) throw new Error(`nothing was asked while an update was trained: ${told}`);
learner.kill('SIGKILL');
await server.stop();
store[Symbol.dispose]();
rmSync(root, { recursive: true, force: true });

const figures = {
  processor: `${cpus()[0].model.trim()}, ${availableParallelism()} processors`,
  node: process.version,
  streams: STREAMS,
  still: { requests: still.answers.length, failed: still.failures.length, ...percentiles(still) },
  swapped: { requests: swapped.answers.length, failed: swapped.failures.length, ...percentiles(swapped) },
  mixed: mixed.length,
  distinct: `${distinct} of ${revisions.length * PROMPTS.length}`,
  byRevision,
  idle: { streams: BESIDE, requests: idle.answers.length, failed: idle.failures.length, ...percentiles(idle) },
  training: {
    streams: BESIDE,
    requests: training.answers.length,
    failed: training.failures.length,
    ...percentiles(training),
  },
  ratios: {
    p99Swapped: percentiles(swapped).p99 / percentiles(still).p99,
    p95Training: percentiles(training).p95 / percentiles(idle).p95,
  },
};
if (options.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
else {
  const row = (name: string, one: (typeof figures)['still']): string =>
    `${name.padEnd(34)}${String(one.requests).padStart(9)}${String(one.failed).padStart(8)}${[one.p50, one.p95, one.p99].map(ms => ms.toFixed(1).padStart(9)).join('')}`;
  process.stdout.write(
    [
      figures.processor,
      `${''.padEnd(34)} requests  failed   p50 ms   p95 ms   p99 ms`,
      row(`${STREAMS} streams, no swap`, figures.still),
      row(`${STREAMS} streams, 3 swaps, a rollback`, figures.swapped),
      row(`${BESIDE} streams, nothing trained`, figures.idle),
      row(`${BESIDE} streams beside an update`, figures.training),
      `answers that are no revision's own: ${figures.mixed}; answers by revision: ${byRevision.join(', ')}; different texts: ${figures.distinct}`,
      `p99 with swaps / without: ${figures.ratios.p99Swapped.toFixed(2)}; p95 beside training / without: ${figures.ratios.p95Training.toFixed(2)}`,
      '',
    ].join('\n'),
  );
}
if (swapped.failures.length + still.failures.length + mixed.length > 0) process.exitCode = 1;
