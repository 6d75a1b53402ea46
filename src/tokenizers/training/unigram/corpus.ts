/**
 * The words that a unigram model is trained on, as numbers of their characters, in memory that threads share. Words are
 * in order, so that the result does not depend on which thread counted what.
 */
import { byCodePoints, forEachCharacter } from '../alphabet.ts';
import { wordStrings } from '../word-level.ts';
import type { WordCounts } from '../word-table.ts';

/** Stands after each word, and for characters that are not in the alphabet. */
export const BOUNDARY = 0;

export interface UnigramCorpus {
  /** Numbers of characters in the order of code points, from 1; each word is followed by a boundary. */
  chars: Int32Array;
  /** Word `w` is `[starts[w], starts[w + 1] - 1)`. */
  starts: Uint32Array;
  /** How often each word occurs. */
  counts: Float64Array;
}

/** @param alphabet in the order of code points */
export function createCorpus(counts: WordCounts, alphabet: readonly string[]): UnigramCorpus {
  const number = new Map(alphabet.map((char, i) => [char.codePointAt(0)!, i + 1]));
  const words = wordStrings(counts);
  const order = words.map((_, word) => word).sort((a, b) => byCodePoints(words[a], words[b]));
  const lengths = new Uint32Array(words.length);
  forEachCharacter(counts, (_, word) => void lengths[word]++);
  const starts = shared(Uint32Array, words.length + 1);
  for (const [i, word] of order.entries()) starts[i + 1] = starts[i] + lengths[word] + 1;
  const chars = shared(Int32Array, starts[words.length]);
  const wordCounts = shared(Float64Array, words.length);
  for (const [i, word] of order.entries()) {
    let at = starts[i];
    for (const char of words[word]) chars[at++] = number.get(char.codePointAt(0)!) ?? BOUNDARY;
    wordCounts[i] = counts.counts[word];
  }
  return { chars, starts, counts: wordCounts };
}

/** An array in memory that threads share. */
export function shared<Array extends Int32Array | Uint32Array | Float64Array>(
  make: { new (buffer: SharedArrayBuffer): Array; BYTES_PER_ELEMENT: number },
  length: number,
): Array {
  return new make(new SharedArrayBuffer(make.BYTES_PER_ELEMENT * length));
}
