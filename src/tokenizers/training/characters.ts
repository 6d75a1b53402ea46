/** Training of character tokenizers. */
import type { WordCounts } from './word-table.ts';

export interface CharacterOptions {
  /** Tokens in all at most: the most frequent characters are kept. */
  vocabSize: number;
  /** Rarer characters get no token. */
  minFrequency: number;
  /** These get the first ids. */
  specialTokens: readonly string[];
  /** Characters that get a token whether they occur or not. */
  initialAlphabet?: readonly string[];
  /** The token for every other character; it follows the special ones. */
  unknown: string;
}

/** The vocabulary of a character tokenizer: special tokens, then characters in the order of their code points. */
export function trainCharacters(
  { keys, starts, counts }: WordCounts,
  options: CharacterOptions,
): Record<string, number> {
  const { vocabSize, minFrequency, specialTokens, unknown, initialAlphabet = [] } = options;
  const special = [...new Set([...specialTokens, unknown])];
  const found = new Map(
    Array.from(counts, (count, word) => [String.fromCharCode(...keys.subarray(starts[word], starts[word + 1])), count]),
  );
  for (const char of initialAlphabet) found.set(char, Number.POSITIVE_INFINITY);
  const kept = [...found]
    .map(([char, count]) => ({ char, count }))
    .filter(({ char, count }) => count >= minFrequency && !special.includes(char))
    .sort((a, b) => (a.count === b.count ? byCodePoint(a.char, b.char) : b.count - a.count))
    .slice(0, vocabSize - special.length)
    .sort((a, b) => byCodePoint(a.char, b.char));
  return Object.fromEntries([...special, ...kept.map(({ char }) => char)].map((token, id) => [token, id]));
}

const byCodePoint = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)!;
