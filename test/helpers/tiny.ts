/** Corpora, recipes and models so small that a training takes a moment. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenizerHash } from '../../src/data/corpus/tokenizer-hash.ts';
import { parseRecipe } from '../../src/runs/recipe.ts';
import type { Recipe } from '../../src/runs/recipe-schema.ts';
import { byteTokenizer, randomText } from '../data/helpers.ts';

/** Of `byteTokenizer`: a token a byte, then EOS. */
export const VOCAB_SIZE = 257;
export const EOS = 256;

export interface TinySplits {
  train?: readonly string[];
  validation?: readonly string[];
  test?: readonly string[];
}

const documents = (count: number, seed: number): string[] =>
  Array.from({ length: count }, (_, i) => randomText(12, 1000 * seed + i));

/**
 * Writes a corpus of bytes, each document with an EOS token after it.
 *
 * @param options.shards how many files the documents of a split are spread over
 * @returns `folder`
 */
export function tinyCorpus(folder: string, splits: TinySplits = {}, { shards = 1 }: { shards?: number } = {}): string {
  mkdirSync(folder, { recursive: true });
  byteTokenizer(folder);
  const { train = documents(60, 1), validation = documents(12, 2), test = documents(12, 3) } = splits;
  const writeSplit = (name: string, texts: readonly string[]) => {
    const perShard = Math.ceil(texts.length / shards);
    const parts = Array.from({ length: Math.min(shards, texts.length) }, (_, i) =>
      texts.slice(i * perShard, (i + 1) * perShard),
    );
    const entries = parts.map((part, i) => {
      const file = `${name}-${String(i).padStart(5, '0')}.bin`;
      const offsets = new BigUint64Array(part.length);
      const tokens = part.flatMap((text, d) => {
        offsets[d] = BigInt(part.slice(0, d).reduce((sum, before) => sum + Buffer.byteLength(before) + 1, 0));
        return [...Buffer.from(text), EOS];
      });
      const bytes = Buffer.from(Uint16Array.from(tokens).buffer);
      writeFileSync(join(folder, file), bytes);
      writeFileSync(join(folder, file.replace('.bin', '.idx')), Buffer.from(offsets.buffer));
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { file, tokens: tokens.length, documents: part.length, sha256 };
    });
    const bytes = Buffer.byteLength(texts.join(''));
    return {
      tokens: bytes + texts.length,
      documents: texts.length,
      bytes,
      characters: [...texts.join('')].length,
      shards: entries,
    };
  };
  const index = {
    format: 1,
    vocab_size: VOCAB_SIZE,
    dtype: 'uint16',
    eos_token_id: EOS,
    tokenizer_sha256: tokenizerHash(folder),
    seed: 0,
    options: {},
    splits: {
      train: writeSplit('train', train),
      validation: writeSplit('validation', validation),
      test: writeSplit('test', test),
    },
  };
  writeFileSync(join(folder, 'corpus.json'), JSON.stringify(index));
  return folder;
}

/** A recipe of one small layer and a few steps, with dropout; `changes` are laid over it section by section. */
export function tinyRecipe(corpus: string, changes: Record<string, unknown> = {}): Recipe {
  return parseRecipe(tinyRecipeValue(corpus, changes), 'tiny');
}

export function tinyRecipeValue(corpus: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const base: Record<string, unknown> = {
    name: 'tiny',
    data: { corpus },
    model: { layers: 1, hidden: 16, heads: 2, context: 16, dropout: 0.1 },
    train: { steps: 12, batchSize: 2, precision: 'float32' },
    optimizer: { lr: 0.01 },
    schedule: { name: 'constant' },
    evaluation: { every: 5, windows: 8 },
    checkpoints: { every: 4, keep: 2 },
    samples: { prompts: ['ba'], every: 6, maxNewTokens: 4 },
    log: { every: 1 },
  };
  for (const [key, value] of Object.entries(changes)) {
    const isSection = typeof value === 'object' && value !== null && !Array.isArray(value);
    const replaces = isSection && key === 'model' && 'from' in value;
    base[key] = isSection && !replaces ? { ...(base[key] as object), ...value } : value;
  }
  return base;
}
