/** Search by meaning: the vectors of texts in memory, compared by their cosine. */
import { usageError } from '../support/errors.ts';
import type { OpenModel } from './open.ts';

export interface CreateIndexOptions {
  /** Told after each part how many texts are embedded. */
  onProgress?: (done: number, total: number) => void;
  signal?: AbortSignal;
  /** Texts that are embedded at once. Default 32. */
  batchSize?: number;
  /** Cut texts that are longer than the model reads. Default true. */
  truncate?: boolean;
}

export interface Hit {
  text: string;
  /** Cosine of the text's vector and the query's, −1 to 1. */
  score: number;
  /** Place of the text among all. */
  index: number;
}

export interface TextIndex {
  readonly size: number;
  /** The texts nearest to the query, best first; of equal ones the earlier. */
  search(query: string, count?: number, options?: { signal?: AbortSignal }): Promise<Hit[]>;
  /** More texts, behind those that are there. */
  add(texts: readonly string[], options?: CreateIndexOptions): Promise<void>;
}

/**
 * Embeds texts with a model that is open.
 *
 * @throws UserError when the model makes no vectors of texts
 */
export async function createIndex(
  model: Pick<OpenModel, 'embed'>,
  texts: readonly string[],
  options: CreateIndexOptions = {},
): Promise<TextIndex> {
  const all: string[] = [];
  const vectors: Float32Array[] = [];

  async function add(
    more: readonly string[],
    { onProgress, signal, batchSize = 32, truncate = true }: CreateIndexOptions = {},
  ): Promise<void> {
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw usageError('TSLM_BAD_VALUE', `createIndex: batchSize is ${batchSize}`, 'give a whole number above 0');
    }
    const added: Float32Array[] = [];
    for (let start = 0; start < more.length; start += batchSize) {
      const part = await model.embed(more.slice(start, start + batchSize), { signal, truncate, normalize: true });
      added.push(...part);
      onProgress?.(added.length, more.length);
    }
    // All of them or, after an error, none.
    for (const vector of added) vectors.push(vector);
    for (const text of more) all.push(text);
  }

  await add(texts, options);
  return {
    get size() {
      return all.length;
    },
    add,
    async search(query, count = 10, { signal } = {}) {
      const wanted = await model.embed(query, { signal, truncate: true, normalize: true });
      const scores = vectors.map(vector => dot(vector, wanted));
      const best = Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
      return best.slice(0, count).map(index => ({ text: all[index], score: scores[index], index }));
    },
  };
}

/** Of vectors of length 1 the cosine. */
function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
