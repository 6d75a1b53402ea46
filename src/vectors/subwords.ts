/**
 * Character n-grams of words (Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information"): `<where>` is cut into
 * its n-grams of 3 to 6 characters, and each has its vector in one of a fixed number of buckets, found by a hash. Hash and order
 * are fastText's.
 */

export interface SubwordOptions {
  /** Characters (code points) of the shortest n-gram. Default 3. */
  minNgram?: number;
  /** Of the longest. Default 6. */
  maxNgram?: number;
  /** Vectors that all n-grams share. Default 200,000; fastText's own default is 2,000,000. */
  buckets?: number;
}

export const subwordDefaults = { minNgram: 3, maxNgram: 6, buckets: 200_000 };

/** The n-grams of `<word>`, by where they begin and then by length. */
export function ngramsOf(word: string, { minNgram = 3, maxNgram = 6 }: SubwordOptions = {}): string[] {
  const characters = [...`<${word}>`];
  const ngrams: string[] = [];
  for (let start = 0; start < characters.length; start++) {
    for (let n = minNgram; n <= maxNgram && start + n <= characters.length; n++) {
      // The brackets alone say nothing.
      if (n === 1 && (start === 0 || start + n === characters.length)) continue;
      ngrams.push(characters.slice(start, start + n).join(''));
    }
  }
  return ngrams;
}

const utf8 = new TextEncoder();

/** FNV-1a of the bytes in UTF-8, which fastText takes as signed: 32 bits. */
export function hashOf(ngram: string): number {
  let hash = 2166136261;
  for (const byte of utf8.encode(ngram)) hash = Math.imul(hash ^ ((byte << 24) >> 24), 16777619);
  return hash >>> 0;
}

export const bucketOf = (ngram: string, buckets: number): number => hashOf(ngram) % buckets;

/** The vectors of all buckets. */
export class SubwordVectors {
  readonly options: Required<SubwordOptions>;
  /** [buckets, dimension] */
  readonly vectors: Float32Array;
  readonly dimension: number;

  constructor(vectors: Float32Array, dimension: number, options: Required<SubwordOptions>) {
    this.vectors = vectors;
    this.dimension = dimension;
    this.options = options;
  }

  /** The mean of the n-grams' vectors: [dimension]; undefined for a word that is too short to have any. */
  vectorOf(word: string): Float32Array | undefined {
    const { dimension, options, vectors } = this;
    const rows = ngramsOf(word, options).map(ngram => bucketOf(ngram, options.buckets));
    if (rows.length === 0) return undefined;
    const mean = new Float64Array(dimension);
    for (const row of rows) for (let i = 0; i < dimension; i++) mean[i] += vectors[row * dimension + i];
    return Float32Array.from(mean, sum => sum / rows.length);
  }
}
