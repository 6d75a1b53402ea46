/**
 * kill −9 at random moments of storing, training, gating and swapping: what was acknowledged is there, what answers is whole, and the next
 * round goes on.
 *
 *     npm run bench && node build/bench/bench/online/kill.js [--moments 100] [--seed 1]
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { hasAdapter } from '../../src/models/adapters/folder.ts';
import { loadCompleteModel } from '../../src/models/auto.ts';
import { openRegistry, revisionsFolder } from '../../src/online/registry/registry.ts';
import { openStore } from '../../src/online/store/store.ts';
import { createRandom } from '../../src/support/random.ts';
import { root as home } from '../../src/support/root.ts';
import { continueTexts } from '../../src/tasks/text-generation.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { addChoices, bin, makeModel, makeRevision, markPassed, writeRows } from './service.ts';

const { values: options } = parseArgs({
  options: { moments: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const MOMENTS = Number(options.moments);
const random = createRandom(Number(options.seed));
const place = mkdtempSync(join(tmpdir(), 'tslm-kill-'));
const folder = join(place, 'learning');
const model = await makeModel(join(place, 'model'));
const tokenizer = Tokenizer.fromFile(model);
const replay = writeRows(join(place, 'rows.jsonl'));
openStore(folder)[Symbol.dispose]();
writeFileSync(
  join(folder, 'learning.yaml'),
  'update: { epochs: 2, heldOut: 0.3, defend: false }\ngate: { windows: 16, lossMargin: 0.2 }\n',
);
{
  using store = openStore(folder);
  openRegistry(store, model);
  for (const seed of [1, 2]) markPassed(store, makeRevision(folder, model, seed), model);
}

/** Runs a program until some milliseconds after it has written something; whether it was alive then. */
function killed(
  args: readonly string[],
  after: { sign?: string; ms: number },
): Promise<{ out: string; isKilled: boolean }> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    if (timer || (after.sign !== undefined && !out.includes(after.sign))) return;
    timer = setTimeout(() => child.kill('SIGKILL'), after.ms);
  };
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      arm();
    });
  }
  arm();
  return new Promise(done =>
    child.once('close', (_, signal) => {
      clearTimeout(timer);
      done({ out, isKilled: signal === 'SIGKILL' });
    }),
  );
}

const module = (name: string): string => pathToFileURL(join(home, 'dist', 'online', name)).href;
const storing = (round: number): string => `
  import { openStore } from '${module('store/store.js')}';
  import { writeSync } from 'node:fs';
  const store = openStore(${JSON.stringify(folder)});
  writeSync(1, 'begun\\n');
  for (let i = 0; ; i++) {
    const id = 'a${round}-' + i;
    store.addAnswer({ id, created: 1, model: 'm', revision: 'r', user: 'u', prompt: 'p', choices: [{ position: 0, text: 't', finish: 'stop' }] });
    const { id: judgement } = store.addJudgement({ answer: id, position: 0, user: 'u', value: { kind: 'text', text: 'seen' } });
    writeSync(1, judgement + '\\n');
  }`;
const swapping = `
  import { openStore } from '${module('store/store.js')}';
  import { lockRegistry, openRegistry } from '${module('registry/registry.js')}';
  import { writeSync } from 'node:fs';
  const store = openStore(${JSON.stringify(folder)});
  const registry = openRegistry(store);
  writeSync(1, 'begun\\n');
  for (let i = 0; ; i++) {
    const lock = lockRegistry(${JSON.stringify(folder)}, 5000);
    const others = registry.revisions().map(({ id }) => id).filter(id => id !== registry.alias('champion'));
    if (i % 3 === 2) registry.rollback('test');
    else registry.promote(others[i % others.length], 'test');
    lock.release();
  }`;

const [BEGUN, GATE] = ['judgements to learn from', 'the gate'];
const learning = [bin, 'learn', folder, '--replay', replay];
const acknowledged: string[] = [];
const counts = Object.fromEntries(
  (['storing', 'training', 'gating', 'swapping'] as const).map(name => [name, { killed: 0, tried: 0 }]),
);
const problems: string[] = [];

/** What must hold after each moment. */
function check(what: string): void {
  using store = openStore(folder);
  if (store.database.pragma('integrity_check', { simple: true }) !== 'ok')
    problems.push(`${what}: the database is broken`);
  const kept = new Set(store.judgements().map(({ id }) => id));
  const lost = acknowledged.filter(id => !kept.has(id));
  if (lost.length > 0) problems.push(`${what}: ${lost.length} acknowledged judgements are lost`);
  const registry = openRegistry(store);
  const champion = registry.alias('champion')!;
  const path = registry.pathOf(champion);
  if (champion !== registry.base.id && !hasAdapter(path)) problems.push(`${what}: ${champion} is half a revision`);
  using answering = loadCompleteModel(path);
  if (continueTexts(answering, tokenizer, ['so it'], { generation: { doSample: false, maxNewTokens: 2 } }).length !== 1)
    problems.push(`${what}: ${champion} does not answer`);
}

/** Milliseconds of a whole round from its first word to the gate, and from there to its end. */
async function takes(): Promise<{ training: number; gating: number }> {
  const child = spawn(process.execPath, [...learning, '--then', 'nothing'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const at: Record<string, number> = {};
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const sign of [BEGUN, GATE]) if (err.includes(sign)) at[sign] ??= performance.now();
  });
  await new Promise(done => child.once('close', done));
  if (at[GATE] === undefined) throw new Error(err);
  return { training: at[GATE] - at[BEGUN], gating: performance.now() - at[GATE] };
}

{
  using store = openStore(folder);
  addChoices(store, 60, 'first-');
}
const { training, gating } = await takes();
const kinds = [
  [
    'storing',
    (i: number) => killed(['--input-type=module', '-e', storing(i)], { sign: 'begun', ms: random.below(120) }),
  ],
  ['training', () => killed(learning, { sign: BEGUN, ms: random.next() * training })],
  ['gating', () => killed(learning, { sign: GATE, ms: random.next() * gating })],
  ['swapping', () => killed(['--input-type=module', '-e', swapping], { sign: 'begun', ms: random.below(60) })],
] as const;
/** Rounds of learning take longer: a fifth of the moments. */
const ORDER = [0, 3, 0, 3, 1, 0, 3, 0, 3, 2];
for (let i = 0; i < MOMENTS; i++) {
  const [name, act] = kinds[ORDER[i % ORDER.length]];
  const count = counts[name];
  if (name === 'training' || name === 'gating') {
    using store = openStore(folder);
    addChoices(store, 40, `${i}-`);
  }
  const { out, isKilled } = await act(i);
  count.tried++;
  if (isKilled) count.killed++;
  if (name === 'storing') acknowledged.push(...out.split('\n').slice(1, -1));
  check(`${name} ${i}`);
  if ((i + 1) % 10 === 0) process.stderr.write(`${i + 1} moments, ${problems.length} problems\n`);
}
{
  using store = openStore(folder);
  addChoices(store, 60, 'last-');
}
const last = spawnSync(process.execPath, [...learning, '--json'], { encoding: 'utf8' });
const outcome = last.status === 0 ? (JSON.parse(last.stdout) as { outcome: string }).outcome : last.stderr;
check('the last round');
{
  using store = openStore(folder);
  const known = new Set(
    openRegistry(store)
      .revisions()
      .map(({ id }) => id),
  );
  const left = readdirSync(revisionsFolder(folder)).filter(name => !known.has(name));
  if (left.length > 0) problems.push(`left behind: ${left.join(', ')}`);
}
if (existsSync(join(folder, '.learn.lock'))) problems.push('a lock is left');
rmSync(place, { recursive: true, force: true });
process.stdout.write(
  [
    `${cpus()[0].model.trim()}, ${availableParallelism()} processors`,
    ...Object.entries(counts).map(([name, { killed: by, tried }]) => `${name}: killed at ${by} of ${tried} moments`),
    `${acknowledged.length} acknowledged judgements, ${problems.length} problems; the round after: ${outcome}`,
    ...problems,
    '',
  ].join('\n'),
);
if (problems.length > 0 || !['promoted', 'rejected'].includes(outcome)) process.exitCode = 1;
