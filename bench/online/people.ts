/** A model that knows stories and answers questions, and people who judge its answers, each by what their topic wants. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Rows } from '../../src/data/rows/rows.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import type { Model } from '../../src/models/model.ts';
import { instruction } from '../../src/objectives/instruction.ts';
import { lossOf } from '../../src/online/gate/score.ts';
import type { FeedbackStore } from '../../src/online/store/store.ts';
import { createRandom, type Random } from '../../src/support/random.ts';
import { continueTexts } from '../../src/tasks/text-generation.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { datasetOf, trainModel } from '../../src/train/train.ts';

const THINGS = 'cat dog sea hill boat tree lamp road bird fish moon rain door coat bell cup'.split(' ');
const LOOKS = ['red', 'old', 'big', 'new', 'sad', 'tall', 'wet', 'soft'];
const PLACES = ['here', 'there', 'far away', 'near'];
const one = <T>(items: readonly T[], from: Random): T => items[from.below(items.length)];

/** What is asked about, and how good an answer to it is. */
export interface Topic {
  name: string;
  things: readonly string[];
  quality(text: string): number;
}

const isAnswer = (text: string): number => (/^ ?the \w+ is [\w ]+\.$/.test(text.trim()) ? 1 : 0);
const count = (text: string, word: string): number => text.split(word).length - 1;

/** Everybody wants short answers, whatever it is about. */
export const shortAnswers: Topic = {
  name: 'short',
  things: THINGS,
  quality: text => isAnswer(text) - text.length / 200,
};

/** Four topics whose people want what those of another one do not. */
export const topics: readonly Topic[] = [
  { name: 'short', things: THINGS.slice(0, 4), quality: text => isAnswer(text) - text.length / 200 },
  { name: 'long', things: THINGS.slice(4, 8), quality: text => isAnswer(text) + Math.min(1, text.length / 80) },
  {
    name: 'here',
    things: THINGS.slice(8, 12),
    quality: text => isAnswer(text) + count(text, 'here') - count(text, 'there'),
  },
  { name: 'far away', things: THINGS.slice(12), quality: text => isAnswer(text) + count(text, 'far away') },
];

export interface World {
  folder: string;
  /** The model that everything begins with. */
  base: string;
  tokenizer: Tokenizer;
  /** Rows of what it knows, to be repeated. */
  replay: string;
  /** Its loss on stories that it has not seen. */
  loss(model: Model): number;
  write(model: Model, prompts: readonly string[], seed: number): string[];
}

/** Trains the model. */
export async function makeWorld(folder: string, { seed, steps }: { seed: number; steps: number }): Promise<World> {
  const random = createRandom(seed);
  const story = (): { text: string } => ({
    text: `once a ${one(THINGS, random)} saw the ${one(THINGS, random)} ${one(PLACES, random)}, and the ${one(THINGS, random)} went ${one(PLACES, random)}.`,
  });
  /** A short answer half of the time, else a long one. */
  const line = (): { prompt: string; completion: string } => {
    const thing = one(THINGS, random);
    const more = random.next() < 0.5 ? '' : ` and it is ${one(PLACES, random)} and it is ${one(PLACES, random)}`;
    return {
      prompt: `ask ${one(LOOKS, random)} ${thing}:`,
      completion: ` the ${thing} is ${one(PLACES, random)}${more}.`,
    };
  };
  const stories = Array.from({ length: 400 }, story);
  const rows = [...stories.slice(0, 300), ...Array.from({ length: 300 }, line)];
  const [base, replay] = [join(folder, 'base'), join(folder, 'text.jsonl')];
  const trained = await trainTokenizer(
    rows.map(row => ('text' in row ? row.text : row.prompt + row.completion)),
    { vocabSize: 320 },
  );
  const sizes = { layers: 2, hidden: 64, heads: 2, context: 64, vocabSize: trained.vocabSize };
  {
    using model = createModel('gpt2', sizes, { seed, eosTokenId: trained.eosTokenId! });
    const objective = instruction({ tokenizer: trained, context: 64, model });
    await trainModel({ model, objective, data: datasetOf<Rows['instruction']>(rows), steps, lr: 2e-3, seed });
    saveModel(base, model);
    trained.save(base);
  }
  writeFileSync(
    replay,
    stories
      .slice(0, 300)
      .map(row => JSON.stringify(row))
      .join('\n'),
  );
  const tokenizer = Tokenizer.fromFile(base);
  return {
    folder,
    base,
    tokenizer,
    replay,
    loss(model) {
      const objective = instruction({ tokenizer, context: 64, model });
      const examples = stories.slice(300).map(row => objective.example(row, random, 1));
      return examples.reduce((sum, example) => sum + lossOf(model, objective, [example]), 0) / examples.length;
    },
    write: (model, prompts, from) =>
      continueTexts(model, tokenizer, prompts, {
        generation: { doSample: true, temperature: 1, maxNewTokens: 32, seed: from },
      }).map(({ text }) => text),
  };
}

/** Of each thing and look, in turn. */
export const promptsOf = ({ things }: Topic, length: number): string[] =>
  Array.from(
    { length },
    (_, i) => `ask ${LOOKS[(i + Math.floor(i / things.length)) % LOOKS.length]} ${things[i % things.length]}:`,
  );

/** Share of prompts where a text is better than the one against it; as good counts half. */
export function winRate(
  topic: Topic,
  texts: readonly string[],
  against: readonly string[],
): { rate: number; error: number } {
  const wins: number[] = texts.map((text, i) => {
    const gap = topic.quality(text) - topic.quality(against[i]);
    return gap > 0 ? 1 : gap < 0 ? 0 : 0.5;
  });
  const rate = wins.reduce((a, b) => a + b, 0) / wins.length;
  return { rate, error: Math.sqrt(wins.reduce((sum, win) => sum + (win - rate) ** 2, 0) / wins.length ** 2) };
}

export interface Judging {
  topic: Topic;
  round: number;
  seed: number;
  people?: number;
  /** Requests of each. */
  each?: number;
  /** Share of the choices that are made the wrong way round. */
  noise?: number;
  /** Share of the people who correct everything into the same nonsense, five times as often as others judge. */
  poison?: number;
}

/** A round of requests, each with two answers, and what people say of them. */
export function judge(
  { write }: World,
  store: FeedbackStore,
  model: Model,
  { topic, round, seed, people = 10, each = 12, noise = 0.1, poison = 0 }: Judging,
): void {
  const from = createRandom(1000 * seed + round);
  for (let person = 0; person < people; person++) {
    const isPoisoner = person >= people * (1 - poison);
    const user = store.keyed.user(`person ${person}`);
    const prompts = Array.from(
      { length: isPoisoner ? 5 * each : each },
      () => `ask ${one(LOOKS, from)} ${one(topic.things, from)}:`,
    );
    const drawn = 1_000_000 * seed + 10_000 * round + 100 * person;
    const [first, second] = [1, 2].map(i => write(model, prompts, drawn + i));
    for (const [i, prompt] of prompts.entries()) {
      const id = `cmpl-${round}-${person}-${i}`;
      const choices = [first[i], second[i]].map((text, position) => ({ position, text, finish: 'stop' }));
      store.addAnswer({ id, created: round, model: 'base', revision: 'r', user, prompt, choices });
      if (isPoisoner) {
        const value = { kind: 'correction', correction: ' buy now buy now buy now' } as const;
        store.addJudgement({ answer: id, position: 0, user, value });
        continue;
      }
      const gap = topic.quality(first[i]) - topic.quality(second[i]);
      if (gap === 0) continue;
      const position = gap > 0 === from.next() >= noise ? 0 : 1;
      store.addJudgement({ answer: id, position, user, value: { kind: 'choice' } });
    }
  }
}
