/** Words with a vector each, in the order of their file (usually the most frequent first), and what cosines say of them. */
import { UserError } from '../support/errors.ts';
import { nearest } from '../support/nearest.ts';
import type { SubwordVectors } from './subwords.ts';
import { type Scored, topOf } from './top.ts';

export interface WordVectorsData {
  words: readonly string[];
  /** [words, dimension], row after row. */
  vectors: Float32Array;
  dimension: number;
  /** Vectors of character n-grams, from which words that are not listed get theirs. */
  subwords?: SubwordVectors;
}

export class WordVectors {
  readonly words: readonly string[];
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly subwords: SubwordVectors | undefined;
  readonly #indices = new Map<string, number>();
  #norms: Float64Array | undefined;

  constructor({ words, vectors, dimension, subwords }: WordVectorsData) {
    this.words = words;
    this.vectors = vectors;
    this.dimension = dimension;
    this.subwords = subwords;
    // Of a word that is listed twice the first counts.
    for (let i = words.length - 1; i >= 0; i--) this.#indices.set(words[i], i);
  }

  get size(): number {
    return this.words.length;
  }

  /** The row of a word: as it is written, or else in lower case; −1 for a word that is not listed. */
  indexOf(word: string): number {
    return this.#indices.get(word) ?? this.#indices.get(word.toLowerCase()) ?? -1;
  }

  /** [dimension]; of a word that is not listed the mean of its n-grams, where vectors have subwords, or else undefined. */
  vectorOf(word: string): Float32Array | undefined {
    const row = this.indexOf(word);
    return row >= 0 ? this.row(row) : this.subwords?.vectorOf(word);
  }

  /** @throws UserError that names a word that is near in spelling */
  requireVector(word: string): Float32Array {
    const vector = this.vectorOf(word);
    if (vector) return vector;
    const guess = nearest(word, this.words.slice(0, 50_000));
    throw new UserError('TSLM_UNKNOWN_WORD', `there is no vector of '${word}'`, {
      hint: guess === undefined ? 'it was too rare, or not in the text at all' : `did you mean '${guess}'?`,
    });
  }

  row(index: number): Float32Array {
    return this.vectors.subarray(index * this.dimension, (index + 1) * this.dimension);
  }

  /** Lengths of all vectors: [words]. */
  get norms(): Float64Array {
    this.#norms ??= Float64Array.from(this.words, (_, i) => norm(this.row(i)));
    return this.#norms;
  }

  /** Cosines of all words with a vector: [words]. A vector of zeros has cosine 0 with everything. */
  cosines(query: ArrayLike<number>): Float64Array {
    const { vectors, dimension, norms } = this;
    const length = norm(query);
    const cosines = new Float64Array(this.size);
    for (let row = 0, at = 0; row < cosines.length; row++, at += dimension) {
      let sum = 0;
      for (let i = 0; i < dimension; i++) sum += vectors[at + i] * query[i];
      cosines[row] = norms[row] * length > 0 ? sum / (norms[row] * length) : 0;
    }
    return cosines;
  }

  /** The cosine of two words; undefined where one has no vector. */
  similarity(a: string, b: string): number | undefined {
    const [x, y] = [this.vectorOf(a), this.vectorOf(b)];
    return x && y && cosine(x, y);
  }

  /**
   * The words with the largest cosines.
   *
   * @param query a word, which is left out, or a vector [dimension]
   * @param options.top how many; default 10
   */
  nearest(query: string | ArrayLike<number>, { top = 10 }: { top?: number } = {}): Scored[] {
    const isWord = typeof query === 'string';
    const vector = isWord ? this.requireVector(query) : query;
    return topOf(this.words, this.cosines(vector), top, isWord ? [this.indexOf(query)] : []);
  }

  /** The word with the smallest cosine to the mean of all (as unit vectors). */
  oddOneOut(words: readonly string[]): string {
    const units = words.map(word => unit(this.requireVector(word)));
    const mean = Float64Array.from({ length: this.dimension }, (_, i) => units.reduce((sum, u) => sum + u[i], 0));
    const cosines = units.map(u => cosine(u, mean));
    return words[cosines.indexOf(Math.min(...cosines))];
  }
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

export const norm = (a: ArrayLike<number>): number => Math.sqrt(dot(a, a));

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const length = norm(a) * norm(b);
  return length > 0 ? dot(a, b) / length : 0;
}

export function unit(a: ArrayLike<number>): Float64Array {
  const length = norm(a) || 1;
  return Float64Array.from(a, x => x / length);
}
