/** Every objective as a run on a corpus or rows so small that it takes a moment. */
import { join } from 'node:path';
import { prepare } from '../../src/data/prepare/prepare.ts';
import { trainTokenizer } from '../../src/tokenizers/training/train.ts';
import { randomText, writeFiles } from '../data/helpers.ts';

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
/** Those whose rows are in files of their own. */
export const ROWS: Record<string, { family: string; objective?: object; row(i: number): object }> = {
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

/** Each objective with each of its families; those of images are trained from code alone. */
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
  const options = { tokenizer: join(folder, 'tokenizer'), validation: 0.2, clean: false, dedup: false } as const;
  await prepare([join(folder, 'texts')], { ...options, out: join(folder, 'corpus'), document: 'file' });
}

/** The data of a recipe: forty rows in a file, with a tokenizer; undefined for an objective that learns from a corpus. */
export function dataOf(folder: string, name: string): Record<string, unknown> | undefined {
  if (!(name in ROWS)) return undefined;
  const lines = Array.from({ length: 40 }, (_, i) => JSON.stringify(ROWS[name].row(i))).join('\n');
  writeFiles(folder, { [`${name}.jsonl`]: lines });
  const columns = name === 'seq2seq' ? { columns: { source: 'en', target: 'de' } } : {};
  const train = join(folder, `${name}.jsonl`);
  return { corpus: undefined, train, validation: 0.2, ...columns, tokenizer: join(folder, 'tokenizer') };
}
