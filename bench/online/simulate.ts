/**
 * People with a hidden preference, round after round: how often what the service writes is preferred to what it wrote in the beginning,
 * and what that costs of what the model knew. With and without replay, with people who poison, with and without gate and defences; over
 * several seeds, of which each has a model, people and noise of its own, so that the rise has an interval.
 *
 *     npm run bench && node build/bench/bench/online/simulate.js [--rounds 4] [--seeds 5] [--only poison-gate] [--json FILE] [--svg FILE]
 *     … --from FILE   the table of what `--json` has written
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
import { chart } from './chart.ts';
import { judge, makeWorld, promptsOf, shortAnswers, type World, winRate } from './people.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    seeds: { type: 'string', default: '1' },
    only: { type: 'string' },
    steps: { type: 'string', default: '400' },
    json: { type: 'string' },
    svg: { type: 'string' },
    from: { type: 'string' },
  },
});
const [ROUNDS, SEEDS, STEPS] = [options.rounds, options.seeds, options.steps].map(Number);

interface Condition {
  name: string;
  replay: boolean;
  poison: number;
  /** Without it every candidate answers, whatever it is like. */
  gate: boolean;
}

const conditions: Condition[] = [
  { name: 'replay-gate', replay: true, poison: 0, gate: true },
  { name: 'no-replay', replay: false, poison: 0, gate: false },
  { name: 'poison-gate', replay: true, poison: 0.3, gate: true },
  { name: 'poison-no-gate', replay: true, poison: 0.3, gate: false },
];

interface Point {
  condition: string;
  seed: number;
  round: number;
  /** Share of prompts where its text is preferred to the one in the beginning. */
  wins: number;
  /** Change of the loss on text from before, as a share of it. */
  loss: number;
}

async function run(world: World, { name, replay, poison, gate }: Condition, seed: number): Promise<Point[]> {
  using store = openStore(join(world.folder, name));
  const update = {
    least: 10,
    heldOut: 0.25,
    epochs: 4,
    lr: 2e-3,
    replay: 0.4,
    kl: 4,
    defend: gate,
    ...(!gate && { userShare: 1 }),
    seed,
  };
  writeFileSync(join(store.folder, 'learning.yaml'), stringify({ retentionDays: 0, update }));
  writeFileSync(join(store.folder, 'secret.key'), `the key of seed ${seed}`);
  const registry = openRegistry(store, world.base);
  const prompts = promptsOf(shortAnswers, 96);
  using start = loadCompleteModel(world.base);
  const before = world.write(start, prompts, 98);
  const lossBefore = world.loss(start);
  const points: Point[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    let what = '';
    if (round > 0) {
      using model = loadCompleteModel(registry.pathOf(registry.alias('champion')!));
      judge(world, store, model, { topic: shortAnswers, round, seed, poison });
      const result = await learn(store, {
        replay: replay ? [world.replay] : false,
        onPass: gate ? 'promote' : 'nothing',
      });
      if (!gate && result.candidate) registry.promote(result.candidate, 'no gate');
      what = result.skipped ?? `${result.lessons!.leftOut.length} left out; ${result.decision!.sentence}`;
    }
    using now = loadCompleteModel(registry.pathOf(registry.alias('champion')!));
    const { rate } = winRate(shortAnswers, world.write(now, prompts, 99), before);
    const point = { condition: name, seed, round, wins: rate, loss: (world.loss(now) - lossBefore) / lossBefore };
    points.push(point);
    process.stderr.write(
      `${name} seed ${seed} round ${round}: wins ${(100 * rate).toFixed(1)} %, loss ${(100 * point.loss).toFixed(1)} %  ${what}\n`,
    );
  }
  return points;
}

/** Half of the 95 % interval of a mean; of two nothing can be said. */
const halfOf = (values: readonly number[]): number =>
  values.length < 3 ? 0 : tCritical(0.05, values.length - 1) * meanError(values);

/** Mean with the half of its interval, in points. */
function told(values: readonly number[]): string {
  const text = (value: number): string => `${value < 0 ? '−' : ''}${Math.abs(100 * value).toFixed(1)}`;
  return values.length < 3 ? text(mean(values)) : `${text(mean(values))} ± ${text(halfOf(values))}`;
}

const points: Point[] = options.from === undefined ? [] : (JSON.parse(readFileSync(options.from, 'utf8')) as Point[]);
const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1);
const worlds = new Map<number, World>();
const asked = conditions.filter(({ name }) => options.only === undefined || options.only === name);
for (const condition of options.from === undefined ? asked : []) {
  for (const seed of seeds) {
    const world =
      worlds.get(seed) ?? (await makeWorld(mkdtempSync(join(tmpdir(), 'tslm-simulate-')), { seed, steps: STEPS }));
    worlds.set(seed, world);
    points.push(...(await run(world, condition, seed)));
    if (options.json !== undefined) writeFileSync(options.json, JSON.stringify(points));
  }
}
for (const { folder } of worlds.values()) rmSync(folder, { recursive: true, force: true });

const rows = conditions.flatMap(({ name }) => {
  const own = points.filter(({ condition }) => condition === name);
  if (own.length === 0) return [];
  const at = (round: number): Point[] => own.filter(point => point.round === round);
  const rounds = Array.from({ length: ROUNDS + 1 }, (_, round) => told(at(round).map(({ wins }) => wins)));
  const rise = at(ROUNDS).map(({ wins }, i) => wins - at(0)[i].wins);
  const losses = at(ROUNDS).map(({ loss }) => loss);
  // The furthest below its own beginning that anything ever answered.
  const start = new Map(at(0).map(({ seed, wins }) => [seed, wins]));
  const worst = Math.min(...own.map(({ seed, wins }) => wins - start.get(seed)!));
  return [`| ${[name, ...rounds, told(rise), told([worst]), told(losses)].join(' | ')} |`];
});
const heads = [
  '',
  ...Array.from({ length: ROUNDS + 1 }, (_, round) => String(round)),
  'rise',
  'most below the start',
  'loss, %',
];
process.stdout.write(`| ${heads.join(' | ')} |\n|${heads.map(() => '---|').join('')}\n${rows.join('\n')}\n`);

if (options.svg !== undefined) {
  const lines = conditions.flatMap(({ name }) => {
    const own = points.filter(({ condition }) => condition === name);
    if (own.length === 0) return [];
    const of = (round: number): number[] => own.filter(point => point.round === round).map(({ wins }) => wins);
    return { name, points: Array.from({ length: ROUNDS + 1 }, (_, i) => ({ mean: mean(of(i)), half: halfOf(of(i)) })) };
  });
  writeFileSync(
    options.svg,
    chart(lines, 'Share of prompts where what the service writes is preferred to what it wrote in the beginning'),
  );
}
