/** Every objective as a run on a corpus or rows so small that it takes a moment. */
import { join } from 'node:path';
import { prepare } from '../../src/data/prepare/prepare.ts';
import { createModel, saveModel } from '../../src/models/auto.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { randomText, writeFiles } from '../data/helpers.ts';
import { dataUrlOf, randomImage } from './images.ts';

/** A family for each objective that learns from a corpus. */
export const FAMILIES: Record<string, readonly string[]> = {
  causal: ['gpt2'],
  denoising: ['bart'],
  masked: ['bert', 'albert'],
  'masked-next-token': ['gpt2', 'llama'],
  'multi-token': ['gpt2', 'llama'],
  'next-sentence': ['bert'],
  permutation: ['xlnet'],
  'prefix-lm': ['t5'],
  'replaced-tokens': ['electra'],
  'sentence-order': ['albert'],
  'span-corruption': ['t5'],
  ul2: ['t5'],
};
const pair = (i: number) => ({
  prompt: randomText(3, i),
  chosen: ` ${randomText(3, i + 100)}`,
  rejected: ` ${randomText(2, i + 200)}`,
});
const EXPLORING = { rewards: { reward: 'length', most: 6 }, maxNewTokens: 5 };
/** Those whose rows are in files of their own. */
export const ROWS: Record<
  string,
  {
    family: string;
    /** What it takes beside its name; folders in it are below the one that `prepareObjectiveRuns` was given. */
    objective?: (folder: string) => object;
    model?: object;
    row(i: number): object;
  }
> = {
  captions: {
    family: 'vision-encoder-decoder',
    objective: () => ({ cropPadding: 1, flipProbability: 0.5 }),
    model: { config: { encoder: { image_size: 12, patch_size: 4 } } },
    row: i => ({ image: dataUrlOf(randomImage(14, 10, i)), text: randomText(3, i) }),
  },
  'image-classification': {
    family: 'vit',
    objective: () => ({ cropPadding: 2, flipProbability: 0.5 }),
    model: { config: { image_size: 12, patch_size: 4 }, labels: ['cat', 'dog'] },
    row: i => ({ image: dataUrlOf(randomImage(14, 10, i)), label: ['cat', 'dog'][i % 2] }),
  },
  cpo: { family: 'gpt2', row: pair },
  distillation: {
    family: 'gpt2',
    objective: folder => ({ teacher: join(folder, 'teacher') }),
    row: i => ({ prompt: randomText(3, i), completion: ` ${randomText(3, i + 50)}` }),
  },
  dpo: { family: 'gpt2', objective: () => ({ loss: { sigmoid: 1, sft: 0.5 } }), row: pair },
  grpo: {
    family: 'gpt2',
    // Answers that go on for several updates, compared with the model as it began.
    objective: () => ({ ...EXPLORING, numGenerations: 3, numIterations: 2, beta: 0.1 }),
    row: i => ({ prompt: randomText(2, i) }),
  },
  instruction: {
    family: 'gpt2',
    objective: () => ({ packing: 'bfd', neftune: 5 }),
    row: i => ({ prompt: randomText(3, i), completion: ` ${randomText(1 + (i % 4), i + 50)}` }),
  },
  kto: {
    family: 'gpt2',
    objective: () => ({ loss: 'bco' }),
    row: i => ({ prompt: randomText(3, i), completion: ` ${randomText(3, i + 100)}`, label: i % 3 > 0 }),
  },
  orpo: { family: 'gpt2', row: pair },
  reward: { family: 'gpt2', model: { labels: ['reward'] }, row: pair },
  rloo: {
    family: 'gpt2',
    objective: () => ({ ...EXPLORING, beta: 0.05 }),
    row: i => ({ prompt: randomText(2, i) }),
  },
  star: {
    family: 'gpt2',
    objective: () => ({ ...EXPLORING, threshold: 0.1 }),
    row: i => ({ prompt: randomText(2, i) }),
  },
  'multiple-choice': {
    family: 'bert',
    row: i => ({
      question: randomText(2, i),
      choices: [randomText(2, i + 50), 'b', 'c'].slice(0, 2 + (i % 2)),
      answer: 'AB'[i % 2],
    }),
  },
  contrastive: { family: 'bert', row: i => ({ text: randomText(4, i) }) },
  'question-answering': {
    family: 'bert',
    row: i => ({
      question: 'q',
      context: randomText(5, i),
      answers: { text: [randomText(5, i).slice(3, 9)], answer_start: [3] },
    }),
  },
  seq2seq: { family: 't5', row: i => ({ en: randomText(5, i), de: randomText(4, i) }) },
  'sequence-classification': { family: 'bert', row: i => ({ text: randomText(5, i), label: i % 2 }) },
  'token-classification': {
    family: 'bert',
    row: i => ({
      tokens: randomText(5, i).split(/\s+/),
      tags: randomText(5, i)
        .split(/\s+/)
        .map((_, w) => `LABEL_${(i + w) % 2}`),
    }),
  },
};

/** Those whose examples are all made before the training, or of pictures that are in memory. */
const WITHOUT_WORKERS = [
  'captions',
  'cpo',
  'distillation',
  'dpo',
  'grpo',
  'image-classification',
  'instruction',
  'kto',
  'orpo',
  'reward',
  'rloo',
  'star',
];

/** Each objective with each of its families. */
export const objectiveRuns: readonly { name: string; family: string }[] = [
  ...Object.entries(FAMILIES).flatMap(([name, families]) => families.map(family => ({ name, family }))),
  ...Object.entries(ROWS).map(([name, { family }]) => ({ name, family })),
];

/** Writes `tokenizer` and `corpus` into a folder. */
export async function prepareObjectiveRuns(folder: string): Promise<void> {
  const texts = Array.from({ length: 80 }, (_, i) => randomText(60, i));
  writeFiles(folder, Object.fromEntries(texts.map((text, i) => [`texts/${i}.txt`, text])));
  const tokenizer = await trainTokenizer(texts, {
    vocabSize: 420,
    specialTokens: ['[PAD]', '[CLS]', '[SEP]', '[MASK]', '<s>', '</s>', '[R]', '[S]', '[X]'],
    sentinels: 20,
  });
  tokenizer.save(join(folder, 'tokenizer'));
  const options = {
    tokenizer: join(folder, 'tokenizer'),
    validation: 0.2,
    clean: false,
    dedup: false,
    threads: 0,
  } as const;
  await prepare([join(folder, 'texts')], { ...options, out: join(folder, 'corpus'), document: 'file' });
  const sizes = { layers: 1, hidden: 16, heads: 2, context: 24, vocabSize: tokenizer.vocabSize };
  using teacher = createModel('gpt2', sizes, { seed: 3 });
  saveModel(join(folder, 'teacher'), teacher);
  tokenizer.save(join(folder, 'teacher'));
}

/**
 * What a recipe says of an objective, its rows and a small model.
 *
 * @param workers threads that make its examples, where such do
 */
export function objectiveRecipe(
  folder: string,
  { name, family }: { name: string; family: string },
  workers?: number,
): { objective: object; data: object; model: object } {
  const own = ROWS[name];
  const threads = workers === undefined || WITHOUT_WORKERS.includes(name) ? {} : { workers };
  return {
    objective: { name, ...own?.objective?.(folder) },
    data: { ...dataOf(folder, name), ...threads },
    model: { family, layers: 1, hidden: 16, heads: 2, context: 24, dropout: 0.1, ...own?.model },
  };
}

/** The data of a recipe: forty rows in a file, with a tokenizer; undefined for an objective that learns from a corpus. */
export function dataOf(folder: string, name: string): Record<string, unknown> | undefined {
  if (!(name in ROWS)) return undefined;
  const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify(ROWS[name].row(i))).join('\n');
  writeFiles(folder, { [`${name}.jsonl`]: lines });
  const columns = name === 'seq2seq' ? { columns: { source: 'en', target: 'de' } } : {};
  const train = join(folder, `${name}.jsonl`);
  const tokenizer = name === 'image-classification' ? {} : { tokenizer: join(folder, 'tokenizer') };
  return { corpus: undefined, train, validation: 0.2, ...columns, ...tokenizer };
}
