/** Words and vectors as they are read. Memory follows what has been read, never what a header claims. */
import { WordVectors } from '../word-vectors.ts';

export class Rows {
  readonly dimension: number;
  readonly words: string[] = [];
  readonly #known = new Set<string>();
  #vectors: Float32Array;

  constructor(dimension: number) {
    this.dimension = dimension;
    this.#vectors = new Float32Array(64 * dimension);
  }

  /** The place for the vector of a word: [dimension]; undefined for a word that is there already. */
  add(word: string): Float32Array | undefined {
    if (this.#known.has(word)) return undefined;
    this.#known.add(word);
    const at = this.words.length * this.dimension;
    if (at + this.dimension > this.#vectors.length) {
      const larger = new Float32Array(Math.max(2 * this.#vectors.length, at + this.dimension));
      larger.set(this.#vectors);
      this.#vectors = larger;
    }
    this.words.push(word);
    return this.#vectors.subarray(at, at + this.dimension);
  }

  result(): WordVectors {
    const { words, dimension } = this;
    return new WordVectors({ words, dimension, vectors: this.#vectors.subarray(0, words.length * dimension) });
  }
}
