/**
 * What a service forgets of one topic when it learns another: a round for each of four topics whose people want opposite things, and
 * after each round the win rate over the beginning on all of them (the matrix R of Lopez-Paz & Ranzato 2017, and its backward transfer).
 *
 *     npm run bench && node build/bench/bench/online/forgetting.js [--seeds 3]
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { tCritical } from '../../src/evaluate/statistics/distributions.ts';
import { mean, meanError } from '../../src/evaluate/statistics/means.ts';
import { loadCompleteModel } from '../../src/models/auto.ts';
import { learn } from '../../src/online/learn.ts';
import { openRegistry } from '../../src/online/registry/registry.ts';
import { openStore } from '../../src/online/store/store.ts';
import { judge, makeWorld, promptsOf, topics, type World, winRate } from './people.ts';

const { values: options } = parseArgs({
  options: { seeds: { type: 'string', default: '1' }, steps: { type: 'string', default: '400' } },
});
const [SEEDS, STEPS] = [options.seeds, options.steps].map(Number);

interface Condition {
  name: string;
  replay: boolean;
  update: { replay?: number; kl?: number; ewc?: number };
}

const conditions: Condition[] = [
  { name: 'nothing held', replay: false, update: {} },
  { name: 'replay and KL', replay: true, update: { replay: 0.4, kl: 4 } },
  { name: 'EWC', replay: true, update: { replay: 0, kl: 0, ewc: 100 } },
];

interface Matrix {
  /** Of each round the win rate on each topic. */
  rows: number[][];
  /** Change of the loss on text from before, after each round. */
  losses: number[];
}

async function run(world: World, { name, replay, update }: Condition, seed: number): Promise<Matrix> {
  using store = openStore(join(world.folder, name.replaceAll(' ', '-')));
  const settings = { retentionDays: 0, update: { least: 10, heldOut: 0.25, epochs: 4, lr: 2e-3, ...update, seed } };
  writeFileSync(join(store.folder, 'learning.yaml'), stringify(settings));
  writeFileSync(join(store.folder, 'secret.key'), `the key of seed ${seed}`);
  const registry = openRegistry(store, world.base);
  using start = loadCompleteModel(world.base);
  const lossBefore = world.loss(start);
  const asked = topics.map(topic => {
    const prompts = promptsOf(topic, 64);
    return { topic, prompts, before: world.write(start, prompts, 98) };
  });
  const matrix: Matrix = { rows: [], losses: [] };
  for (const [i, topic] of topics.entries()) {
    {
      using model = loadCompleteModel(registry.pathOf(registry.alias('champion')!));
      judge(world, store, model, { topic, round: i + 1, seed });
    }
    // Every candidate answers: what is forgotten is to be seen, not prevented.
    const { candidate } = await learn(store, { replay: replay ? [world.replay] : false, onPass: 'nothing' });
    if (candidate) registry.promote(candidate, 'no gate');
    using now = loadCompleteModel(registry.pathOf(registry.alias('champion')!));
    matrix.rows.push(
      asked.map(({ topic: other, prompts, before }) => winRate(other, world.write(now, prompts, 99), before).rate),
    );
    matrix.losses.push((world.loss(now) - lossBefore) / lossBefore);
    const shown = matrix.rows
      .at(-1)!
      .map(rate => (100 * rate).toFixed(0))
      .join(' ');
    process.stderr.write(
      `${name} seed ${seed} after '${topic.name}': ${shown}, loss ${(100 * matrix.losses.at(-1)!).toFixed(1)} %\n`,
    );
  }
  return matrix;
}

const percent = (value: number): string => `${value < 0 ? '−' : ''}${Math.abs(100 * value).toFixed(1)}`;
const told = (values: readonly number[]): string =>
  values.length < 2
    ? percent(values[0])
    : `${percent(mean(values))} ± ${percent(tCritical(0.05, values.length - 1) * meanError(values))}`;

const found = new Map<string, Matrix[]>();
for (let seed = 1; seed <= SEEDS; seed++) {
  const folder = mkdtempSync(join(tmpdir(), 'tslm-forgetting-'));
  const world = await makeWorld(folder, { seed, steps: STEPS });
  for (const condition of conditions) {
    const matrix = await run(world, condition, seed);
    found.set(condition.name, [...(found.get(condition.name) ?? []), matrix]);
  }
  rmSync(folder, { recursive: true, force: true });
}
for (const [name, matrices] of found) {
  process.stdout.write(
    `\n${name}\n\n| after | ${topics.map(topic => topic.name).join(' | ')} | loss, % |\n|---|${topics.map(() => '---|').join('')}---|\n`,
  );
  for (const [i, topic] of topics.entries()) {
    const cells = topics.map((_, j) => told(matrices.map(({ rows }) => rows[i][j])));
    process.stdout.write(`| ${[topic.name, ...cells, told(matrices.map(({ losses }) => losses[i]))].join(' | ')} |\n`);
  }
  const last = topics.length - 1;
  // Of the topics before the last: what they are at in the end, less what they were at when they had just been learnt.
  const transfer = matrices.map(({ rows }) => mean(topics.slice(0, last).map((_, j) => rows[last][j] - rows[j][j])));
  process.stdout.write(`\nbackward transfer ${told(transfer)} points\n`);
}
