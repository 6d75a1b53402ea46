/** Training of word-level tokenizers. */
import { byCodePoints } from './alphabet.ts';
import type { WordCounts } from './word-table.ts';

export interface WordLevelOptions {
  /** Tokens in all at most. */
  vocabSize: number;
  /** Rarer words get no token. */
  minFrequency: number;
  /** These get the first ids. */
  specialTokens: readonly string[];
}

/** A vocabulary of whole words: special tokens, then the most frequent words, equally frequent ones by code points. */
export function trainWordLevel(counts: WordCounts, options: WordLevelOptions): Record<string, number> {
  const { vocabSize, minFrequency, specialTokens } = options;
  const special = new Set(specialTokens);
  const words = wordStrings(counts)
    .map((word, i) => ({ word, count: counts.counts[i] }))
    .filter(({ word, count }) => count >= minFrequency && !special.has(word))
    .sort((a, b) => b.count - a.count || byCodePoints(a.word, b.word))
    .slice(0, Math.max(0, vocabSize - special.size));
  return Object.fromEntries([...special, ...words.map(({ word }) => word)].map((token, id) => [token, id]));
}

/** The words as strings. */
export function wordStrings({ keys, starts, counts }: WordCounts): string[] {
  const buffer = Buffer.from(keys.buffer, keys.byteOffset, keys.byteLength);
  return Array.from(counts, (_, word) => buffer.toString('utf16le', 2 * starts[word], 2 * starts[word + 1]));
}
