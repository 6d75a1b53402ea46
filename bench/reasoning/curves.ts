/**
 * The figure of docs/REASONING.md: three ways to go on from one model that has half learnt its chains — rewards for right answers
 * (GRPO), learning the right answers that it writes itself (STaR), and putting the chain away, some characters a stage. Each run is
 * `tslm train`; what is there already is read, not run again. From the folder of the project:
 *
 *   npm run bench && node build/bench/bench/reasoning/curves.js OUT --svg docs/reasoning-curves.svg
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse, stringify } from 'yaml';
import { openLocalCompleter } from '../../src/prompt/completers/local.ts';
import { casesOf, evaluatePrompt } from '../../src/prompt/evaluate/evaluate-prompt.ts';
import { readRows } from '../../src/prompt/examples/read-examples.ts';
import { openPrompt } from '../../src/prompt/open-prompt.ts';
import { readPromptFile } from '../../src/prompt/program/prompt-file.ts';
import { type Line, lineChart } from '../../src/runs/report/line-chart.ts';
import { tslm } from './tslm.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    problem: { type: 'string', default: 'addition' },
    /** Updates of the model that all three begin with: half of its answers wrong. */
    start: { type: 'string', default: '300' },
    /** Updates of each way, and between two measurements. */
    steps: { type: 'string', default: '400' },
    every: { type: 'string', default: '50' },
    /** Prompts of an update by rewards, each with eight answers, and its learning rate. */
    prompts: { type: 'string', default: '32' },
    lr: { type: 'string', default: '3e-4' },
    /** Held-out questions of a measurement. */
    rows: { type: 'string', default: '500' },
    /** Characters that chains lose, stage by stage. */
    drops: { type: 'string', default: '2,4,6,8' },
    /** Updates of a stage; default: all of them together as many as the other ways have. */
    'stage-steps': { type: 'string' },
    svg: { type: 'string' },
  },
});
const [out] = positionals;
if (out === undefined) {
  process.stderr.write(
    'usage: curves.js OUT [--svg FILE] [--problem addition] [--start 300] [--steps 400] [--drops 2,4,6,8]\n',
  );
  process.exit(2);
}
const [steps, every] = [Number(values.steps), Number(values.every)];
const drops = values.drops.split(',').map(Number);
const stage = Number(values['stage-steps'] ?? steps / drops.length);
mkdirSync(out, { recursive: true });

type Recipe = Record<string, unknown> & { train: object; optimizer: object };

/** A recipe of the project with some of its keys changed, run to its end. */
function run(name: string, recipe: string, change: (own: Recipe) => object): string {
  const folder = join(out, name);
  if (existsSync(join(folder, 'model'))) return folder;
  const own = parse(readFileSync(recipe, 'utf8')) as Recipe;
  const path = join(out, `${name}.yaml`);
  const common = {
    name,
    checkpoints: { every, keep: 1000 },
    evaluation: { split: 'validation', every: 0, windows: 100 },
  };
  writeFileSync(path, stringify({ ...own, ...common, ...change(own) }));
  tslm('train', path, '--out', folder);
  return folder;
}

const rowsOf = (drop: number): string => {
  const folder = join(out, `rows-${drop}`);
  // Smoothing announces the next stage; the last has none, and whole chains stay whole.
  const removal = drop === 0 ? [] : ['--drop', String(drop), ...(drop === drops.at(-1) ? [] : ['--smoothing', '4'])];
  if (!existsSync(join(folder, 'texts.txt')))
    tslm('problems', 'write', values.problem, '--format', 'chain', '--count', '50000', ...removal, '--out', folder);
  return folder;
};
const data = (folder: string): object => ({
  train: join(folder, 'train.jsonl'),
  validation: [join(folder, 'validation.jsonl')],
});
const whole = rowsOf(0);
const tokenizer = join(out, 'tokenizer');
if (!existsSync(tokenizer))
  tslm(
    'tokenizer',
    'train',
    join(whole, 'texts.txt'),
    '--kind',
    'char',
    '--out',
    tokenizer,
    '--special',
    '<|endoftext|>',
  );

const steady = (numWarmupSteps: number): object => ({ name: 'constant_with_warmup', numWarmupSteps });
const start = run('start', 'recipes/reasoning.yaml', own => ({
  data: { ...data(whole), tokenizer },
  train: { ...own.train, steps: Number(values.start) },
  schedule: steady(50),
}));

/** By rewards: the answer behind the mark is right, or it is not. */
const rewarded = (objective: object) => (own: Recipe) => ({
  data: data(whole),
  model: { from: start, context: 64 },
  objective: {
    rewards: [{ reward: 'exact', after: '#' }],
    numGenerations: 8,
    maxNewTokens: 24,
    temperature: 1,
    timeLimit: 10,
    ...objective,
  },
  train: { ...own.train, steps, batchSize: Number(values.prompts) },
  optimizer: { ...own.optimizer, lr: Number(values.lr) },
});
const {
  name: _,
  rewards: __,
  ...policy
} = (parse(readFileSync('recipes/arithmetic.yaml', 'utf8')) as { objective: Record<string, unknown> }).objective;
const grpo = run(
  'grpo',
  'recipes/arithmetic.yaml',
  rewarded({ ...policy, name: 'grpo', numGenerations: 8, maxNewTokens: 24 }),
);
const star = run('star', 'recipes/arithmetic.yaml', rewarded({ name: 'star' }));

/** Each stage goes on from the last one, with a new optimizer. */
const stages: { drop: number; folder: string }[] = [];
for (const drop of drops) {
  const from = stages.at(-1)?.folder ?? start;
  const folder = run(`drop-${drop}`, 'recipes/reasoning.yaml', own => ({
    data: data(rowsOf(drop)),
    model: { from },
    train: { ...own.train, steps: stage },
    schedule: steady(10),
  }));
  stages.push({ drop, folder });
}

interface Measured {
  step: number;
  right: number;
  rows: number;
  low: number;
  high: number;
  tokens: number;
}

const file = readPromptFile('prompts/problem.yaml');
const test = readRows(join(whole, 'test.jsonl')).slice(0, Number(values.rows));

/** Right answers of held-out questions, greedily. */
async function measured(model: string, step: number): Promise<Measured> {
  await using completer = await openLocalCompleter(model, { dtype: 'float32' });
  await using open = await openPrompt(file, completer);
  const { right, rows, interval, tokensWritten } = await evaluatePrompt(open, casesOf(open, test, 'test'));
  process.stderr.write(`${model}: ${right} of ${rows}\n`);
  return { step, right, rows, low: interval[0], high: interval[1], tokens: tokensWritten };
}

async function along(folder: string, before: number): Promise<Measured[]> {
  const checkpoints = join(folder, 'checkpoints');
  const found: Measured[] = [];
  for (const name of readdirSync(checkpoints).sort()) {
    const step = Number(/^step-(\d+)$/.exec(name)?.[1]);
    if (step > 0) found.push(await measured(join(checkpoints, name), before + step));
  }
  return found;
}

const last = (folder: string): string =>
  join(folder, 'checkpoints', readdirSync(join(folder, 'checkpoints')).sort().at(-1)!);
const results = join(out, 'curves.json');
type Curves = Record<'start' | 'grpo' | 'star' | 'internalised', Measured[]>;
if (!existsSync(results)) {
  const begin = await measured(last(start), 0);
  const internalised: Measured[] = [];
  for (const [i, { folder }] of stages.entries()) internalised.push(...(await along(folder, i * stage)));
  const curves: Curves = { start: [begin], grpo: await along(grpo, 0), star: await along(star, 0), internalised };
  writeFileSync(results, `${JSON.stringify(curves, null, 1)}\n`);
}

const curves = JSON.parse(readFileSync(results, 'utf8')) as Curves;
const [begin] = curves.start;
const lineOf = (name: string, own: readonly Measured[], note?: (one: Measured) => string | undefined): Line => ({
  name,
  points: [begin, ...own].map(one => ({
    x: one.step,
    y: one.right / one.rows,
    low: one.low,
    high: one.high,
    note: note?.(one),
  })),
});
const removed = ({ step }: Measured): string | undefined =>
  step > 0 && step % stage === 0 ? `−${drops[step / stage - 1]}` : undefined;
const percent = (share: number): string => `${Math.round(100 * share)} %`;
const chart = lineChart(
  [
    lineOf('reward (GRPO)', curves.grpo),
    lineOf('own right answers (STaR)', curves.star),
    lineOf('chain put away', curves.internalised, removed),
  ],
  {
    label: `Right answers of ${begin.rows} held-out questions by updates, for three ways to go on from one model`,
    xLabel: 'updates after the model that all three begin with',
    yLabel: 'right answers; bands are 95 % intervals',
    format: percent,
    range: [0, 1],
  },
);
if (values.svg) writeFileSync(values.svg, chart.source);
for (const [name, own] of Object.entries(curves)) {
  process.stdout.write(`${name}\n`);
  for (const { step, right, rows, low, high, tokens } of own) {
    process.stdout.write(
      `  ${String(step).padStart(5)}  ${percent(right / rows).padStart(5)}  [${percent(low)}, ${percent(high)}]  ${tokens.toFixed(1)} tokens written\n`,
    );
  }
}
