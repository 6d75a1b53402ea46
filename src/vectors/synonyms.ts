/** Synonyms of words by their vectors: the nearest ones, as far as they are near enough. */
import { createHash } from 'node:crypto';
import type { Synonyms } from '../data/augment/lexicon.ts';
import type { WordVectors } from './word-vectors.ts';

/**
 * Vectors know words that are used alike, and not only words of the same meaning: opposites are among them.
 *
 * @param options.top how many at most; default 5
 * @param options.minCosine how near they must be; default 0.5
 */
export function synonymsFromVectors(
  vectors: WordVectors,
  { top = 5, minCosine = 0.5 }: { top?: number; minCosine?: number } = {},
): Synonyms {
  const known = new Map<string, readonly string[]>();
  const { words, vectors: matrix } = vectors;
  const hash = createHash('sha256').update(words.join('\n'));
  hash.update(new Uint8Array(matrix.buffer, matrix.byteOffset, matrix.byteLength));
  return {
    synonymsOf(word) {
      const listed = vectors.indexOf(word);
      if (listed < 0) return [];
      const name = words[listed];
      const found = known.get(name) ?? nearestWords(name);
      known.set(name, found);
      return found;
    },
    fingerprint: hash.digest('hex'),
  };

  function nearestWords(word: string): string[] {
    const isOther = (other: string): boolean =>
      /^[\p{L}\p{M}'’-]+$/u.test(other) && other.toLowerCase() !== word.toLowerCase();
    return vectors
      .nearest(word, { top })
      .filter(({ word: other, score }) => score >= minCosine && isOther(other))
      .map(({ word: other }) => other);
  }
}
