/** Word vectors as the first embedding matrix of a model. */
import { createRandom } from '../support/random.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { WordVectors } from './word-vectors.ts';

export interface VectorEmbeddings {
  /** [tokens, dimension] */
  matrix: Float32Array;
  /** Tokens that have a word's vector. */
  found: number;
}

/**
 * A row for each token of a tokenizer: the vector of the word that it spells, scaled so that all have the spread of a new model's
 * weights; where there is none, numbers from a normal distribution of that spread.
 *
 * @param options.std standard deviation of the numbers; default 0.02, as models here begin with
 * @param options.seed default 0
 */
export function embeddingsFrom(
  vectors: WordVectors,
  tokenizer: Tokenizer,
  { std = 0.02, seed = 0 }: { std?: number; seed?: number } = {},
): VectorEmbeddings {
  const { dimension } = vectors;
  const size = tokenizer.vocabSize;
  const random = createRandom(seed);
  const matrix = new Float32Array(size * dimension);
  const rows = rowsOfTokens(vectors, tokenizer, { std });
  for (let id = 0; id < size; id++) {
    const row = rows.get(id);
    for (let i = 0; i < dimension; i++) {
      matrix[id * dimension + i] = row ? row[i] : std * normal(random.next(), random.next());
    }
  }
  return { matrix, found: rows.size };
}

/** The tokens of a tokenizer that spell a word with a vector: that, scaled so that the numbers of all have the spread `std`. */
export function rowsOfTokens(
  vectors: WordVectors,
  tokenizer: Tokenizer,
  { std }: { std: number },
): Map<number, Float32Array> {
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  const found = ids.flatMap(id => {
    const row = vectorOfToken(vectors, tokenizer, id);
    return row ? [[id, row] as const] : [];
  });
  const squares = found.reduce((sum, [, row]) => sum + row.reduce((all, x) => all + x * x, 0), 0);
  const scale = squares > 0 ? std / Math.sqrt(squares / (found.length * vectors.dimension)) : 1;
  return new Map(found.map(([id, row]) => [id, row.map(x => x * scale)]));
}

function vectorOfToken(vectors: WordVectors, tokenizer: Tokenizer, id: number): Float32Array | undefined {
  const text = tokenizer.decode([id], { skipSpecialTokens: true }).trim();
  const row = text === '' ? -1 : vectors.indexOf(text);
  return row >= 0 ? vectors.row(row) : undefined;
}

/** Box & Muller 1958. */
const normal = (u: number, v: number): number => Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
