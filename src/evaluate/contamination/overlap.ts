/**
 * Which texts of a benchmark a training corpus has seen: those of which a run of thirteen words stands in it (Brown et al. 2020,
 * arXiv:2005.14165, appendix C). Of texts of eight to twelve words the whole counts; of shorter ones nothing can be told.
 */
import { ngramHashes, wordsIn } from './word-ngrams.ts';

export const LONGEST = 13;
export const SHORTEST = 8;

export interface Overlap {
  /** Numbers of the texts that share a run of words with the corpus. */
  dirty: ReadonlySet<number>;
  /** Of those that are too short to tell. */
  tooShort: ReadonlySet<number>;
}

/** @param corpus texts in any order; each is read once */
export function overlapOf(texts: readonly string[], corpus: Iterable<string>): Overlap {
  const tooShort = new Set<number>();
  /** By length of the run: by its number the texts that have it. */
  const known = new Map<number, Map<number, number[]>>();
  for (const [i, text] of texts.entries()) {
    const words = wordsIn(text);
    if (words.length < SHORTEST) {
      tooShort.add(i);
      continue;
    }
    const n = Math.min(LONGEST, words.length);
    const own = known.get(n) ?? new Map<number, number[]>();
    known.set(n, own);
    for (const hash of new Set(ngramHashes(words, n))) {
      const there = own.get(hash);
      if (there) there.push(i);
      else own.set(hash, [i]);
    }
  }
  const dirty = new Set<number>();
  for (const text of corpus) {
    const words = wordsIn(text);
    for (const [n, own] of known) {
      for (const hash of ngramHashes(words, n)) for (const i of own.get(hash) ?? []) dirty.add(i);
    }
  }
  return { dirty, tooShort };
}
