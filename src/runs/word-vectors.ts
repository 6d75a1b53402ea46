/** Word vectors as the first embedding of a new model (Kocmi & Bojar 2017, arXiv:1711.09160): words that the file has, begin there. */
import type { Model } from '../models/model.ts';
import { Embedding } from '../nn/index.ts';
import { usageError } from '../support/errors.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { fromTypedArray, noGrad, scope } from '../torch/index.ts';
import { loadVectors, rowsOfTokens, type WordVectors } from '../vectors/index.ts';
import type { Recipe } from './recipe-schema.ts';

export interface TakenVectors {
  file: string;
  /** Rows of the table, and those of them that a word's vector was found for. */
  rows: number;
  found: number;
}

/** The vectors that a recipe names. @throws UserError when they cannot be read */
export async function vectorsFor({ model }: Pick<Recipe, 'model'>): Promise<WordVectors | undefined> {
  return model.embeddings === undefined ? undefined : await loadVectors(model.embeddings);
}

/**
 * Puts vectors in the rows of the tokens that spell their words, with the spread of the rows that were drawn; the others stay.
 *
 * @throws UserError when vectors and table differ in width, and when no token is a word of the file
 */
export function takeVectors(model: Model, tokenizer: Tokenizer, vectors: WordVectors, file: string): TakenVectors {
  const { weight } = wordTable(model);
  const [rows, width] = weight.shape;
  if (width !== vectors.dimension) {
    throw usageError(
      'TSLM_VECTOR_SIZE',
      `'model.embeddings': ${file} has ${vectors.dimension} numbers a word, and the model's embedding ${width}`,
      `set model.hidden=${vectors.dimension}, or train vectors with --dimension ${width}`,
    );
  }
  const std = scope(() => weight.detach().vectorNorm().item() / Math.sqrt(weight.numel));
  const found = [...rowsOfTokens(vectors, tokenizer, { std })].filter(([id]) => id < rows);
  if (found.length === 0) {
    throw usageError(
      'TSLM_NO_WORDS',
      `'model.embeddings': no token of the tokenizer is a word of ${file}`,
      'take vectors of the same language, or a tokenizer of words',
    );
  }
  const values = new Float32Array(found.length * width);
  for (const [i, [, row]] of found.entries()) values.set(row, i * width);
  scope(() =>
    noGrad(() => {
      const ids = fromTypedArray(
        BigInt64Array.from(found, ([id]) => BigInt(id)),
        [found.length],
      );
      const taken = fromTypedArray(values, [found.length, width]);
      const { device } = weight;
      weight.detach().indexCopy_(0, ids.to({ device }), taken.to({ device }));
    }),
  );
  return { file, rows, found: found.length };
}

/** The table that the input is looked up in; of an encoder–decoder the encoder's, which it may share. */
function wordTable({ backbone, family }: Model): Embedding {
  const { word, embeddings } = backbone.reader as { word?: unknown; embeddings?: { word?: unknown } };
  const table = word ?? embeddings?.word;
  if (table instanceof Embedding) return table;
  throw usageError(
    'TSLM_NO_EMBEDDING',
    `'model.embeddings': a ${family.modelType} model looks no words up in what it reads`,
    'leave model.embeddings out',
  );
}
