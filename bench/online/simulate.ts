/**
 * People with a hidden preference, round after round: how often what the service writes is preferred to what it wrote in the beginning,
 * and what that costs of what the model knew. With and without replay, with people who poison, with and without gate and defences.
 *
 *     npm run bench && node build/bench/bench/online/simulate.js [--rounds 4] [--only poison-gate]
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import type { Rows } from '../../src/data/rows/rows.ts';
import { createModel, loadCompleteModel, saveModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { instruction } from '../../src/objectives/instruction.ts';
import { lossOf } from '../../src/online/gate/score.ts';
import { learn } from '../../src/online/learn.ts';
import { openRegistry, type Registry } from '../../src/online/registry/registry.ts';
import { type FeedbackStore, openStore } from '../../src/online/store/store.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import { continueTexts } from '../../src/tasks/text-generation.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { datasetOf, trainModel } from '../../src/train/train.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    only: { type: 'string' },
    steps: { type: 'string', default: '400' },
  },
});
const PEOPLE = 10;
const EACH = 12;
const NOISE = 0.1;
const THINGS = 'cat dog sea hill boat tree lamp road bird fish moon rain door coat bell cup'.split(' ');
const LOOKS = ['red', 'old', 'big', 'new', 'sad', 'tall', 'wet', 'soft'];
const PLACES = ['here', 'there', 'far away', 'near'];
const random = createRandom(7);
const one = <T>(items: readonly T[], from: Random = random): T => items[from.below(items.length)];
/** A short answer half of the time, else a long one. */
function line(from: Random): { prompt: string; completion: string } {
  const thing = one(THINGS, from);
  const more = from.next() < 0.5 ? '' : ` and it is ${one(PLACES, from)} and it is ${one(PLACES, from)}`;
  return { prompt: `ask ${one(LOOKS, from)} ${thing}:`, completion: ` the ${thing} is ${one(PLACES, from)}${more}.` };
}

const root = mkdtempSync(join(tmpdir(), 'tslm-simulate-'));
const base = join(root, 'base');
/** What the model knows besides, and is to keep. */
const story = (): { text: string } => ({
  text: `once a ${one(THINGS)} saw the ${one(THINGS)} ${one(PLACES)}, and the ${one(THINGS)} went ${one(PLACES)}.`,
});
const stories = Array.from({ length: 400 }, story);
const rows = [...stories.slice(0, 300), ...Array.from({ length: 300 }, () => line(random))];
const replay = join(root, 'text.jsonl');
writeFileSync(
  replay,
  stories
    .slice(0, 300)
    .map(row => JSON.stringify(row))
    .join('\n'),
);
const trained = await trainTokenizer(
  rows.map(row => ('text' in row ? row.text : row.prompt + row.completion)),
  { vocabSize: 320 },
);
{
  const sizes = { layers: 2, hidden: 64, heads: 2, context: 64, vocabSize: trained.vocabSize };
  const model = createModel('gpt2', sizes, { seed: 1, eosTokenId: trained.eosTokenId! });
  const objective = instruction({ tokenizer: trained, context: 64, model });
  const last = await trainModel({
    model,
    objective,
    data: datasetOf<Rows['instruction']>(rows),
    steps: Number(options.steps),
    lr: 2e-3,
  });
  saveModel(base, model);
  trained.save(base);
  model.dispose();
  process.stderr.write(`base model: loss ${last!.loss.toFixed(3)}\n`);
}
const tokenizer = Tokenizer.fromFile(base);
const heldOut = stories.slice(300);

const generation = (seed: number) => ({ doSample: true, temperature: 1, maxNewTokens: 32, seed });
const write = (model: Model, prompts: readonly string[], seed: number): string[] =>
  continueTexts(model, tokenizer, prompts, { generation: generation(seed) }).map(({ text }) => text);
/** What everybody wants: an answer that is one, and short. */
const quality = (text: string): number => (/^ ?the \w+ is [\w ]+\.$/.test(text.trim()) ? 1 : 0) - text.length / 200;

/** Share of prompts where the model's text is preferred to the base's; ties count half. */
function winRate(
  model: Model,
  against: readonly string[],
  prompts: readonly string[],
): { rate: number; error: number } {
  const wins = write(model, prompts, 99).map((text, i) => {
    const gap = quality(text) - quality(against[i]);
    return gap > 0 ? 1 : gap < 0 ? 0 : 0.5;
  });
  const rate = wins.reduce((a: number, b) => a + b, 0) / wins.length;
  return { rate, error: Math.sqrt(wins.reduce((sum: number, win) => sum + (win - rate) ** 2, 0) / wins.length ** 2) };
}

function loss(model: Model): number {
  const objective = instruction({ tokenizer, context: 64, model });
  const examples = heldOut.map(row => objective.example(row, random, 1));
  return examples.reduce((sum, example) => sum + lossOf(model, objective, [example]), 0) / examples.length;
}

interface Condition {
  name: string;
  replay: boolean;
  poison: boolean;
  /** Without it every candidate answers, whatever it is like. */
  gate: boolean;
}

/** A round of requests and judgements; those who poison correct everything into the same nonsense, five times as often. */
function judge(store: FeedbackStore, model: Model, round: number, poison: boolean): void {
  const from = createRandom(100 + round);
  for (let person = 0; person < PEOPLE; person++) {
    const isPoisoner = poison && person >= PEOPLE * 0.7;
    const user = store.keyed.user(`person ${person}`);
    const prompts = Array.from(
      { length: isPoisoner ? 5 * EACH : EACH },
      () => `ask ${one(LOOKS, from)} ${one(THINGS, from)}:`,
    );
    const [first, second] = [0, 1].map(i => write(model, prompts, 10_000 * round + 100 * person + i + 1));
    for (const [i, prompt] of prompts.entries()) {
      const id = `cmpl-${round}-${person}-${i}`;
      const choices = [first[i], second[i]].map((text, position) => ({ position, text, finish: 'stop' }));
      store.addAnswer({ id, created: round, model: 'base', revision: 'r', user, prompt, choices });
      if (isPoisoner) {
        store.addJudgement({
          answer: id,
          position: 0,
          user,
          value: { kind: 'correction', correction: ' buy now buy now buy now' },
        });
        continue;
      }
      const gap = quality(first[i]) - quality(second[i]);
      if (gap === 0) continue;
      const position = gap > 0 === from.next() >= NOISE ? 0 : 1;
      store.addJudgement({ answer: id, position, user, value: { kind: 'choice' } });
    }
  }
}

async function run({ name, replay: repeats, poison, gate }: Condition): Promise<void> {
  using store = openStore(join(root, name));
  const update = {
    least: 10,
    heldOut: 0.25,
    epochs: 4,
    lr: 2e-3,
    replay: 0.4,
    kl: 4,
    defend: gate,
    ...(!gate && { userShare: 1 }),
  };
  writeFileSync(join(store.folder, 'learning.yaml'), stringify({ retentionDays: 0, update }));
  writeFileSync(join(store.folder, 'secret.key'), 'a key that is always the same');
  const registry: Registry = openRegistry(store, base);
  const prompts = Array.from({ length: 96 }, (_, i) => `ask ${LOOKS[i % LOOKS.length]} ${THINGS[i % THINGS.length]}:`);
  using start = loadCompleteModel(base);
  const before = write(start, prompts, 98);
  const lossBefore = loss(start);
  const show = (round: number, model: Model, what: string): void => {
    const { rate, error } = winRate(model, before, prompts);
    const change = (100 * (loss(model) - lossBefore)) / lossBefore;
    process.stdout.write(
      `${name}  round ${round}  wins ${(100 * rate).toFixed(1)} ± ${(196 * error).toFixed(1)} %  loss ${change >= 0 ? '+' : ''}${change.toFixed(1)} %  ${what}\n`,
    );
  };
  show(0, start, '');
  for (let round = 1; round <= Number(options.rounds); round++) {
    using model = loadCompleteModel(registry.pathOf(registry.alias('champion')!));
    judge(store, model, round, poison);
    const result = await learn(store, { replay: repeats ? [replay] : false, onPass: gate ? 'promote' : 'nothing' });
    if (!gate && result.candidate) registry.promote(result.candidate, 'no gate');
    using after = loadCompleteModel(registry.pathOf(registry.alias('champion')!));
    show(
      round,
      after,
      `${result.skipped ?? `${result.lessons!.leftOut.length} left out; ${result.decision!.sentence}`}`,
    );
  }
}

const conditions: Condition[] = [
  { name: 'replay-gate', replay: true, poison: false, gate: true },
  { name: 'poison-gate', replay: true, poison: true, gate: true },
  { name: 'poison-no-gate', replay: true, poison: true, gate: false },
  { name: 'no-replay', replay: false, poison: false, gate: false },
];
for (const condition of conditions)
  if (options.only === undefined || options.only === condition.name) await run(condition);
