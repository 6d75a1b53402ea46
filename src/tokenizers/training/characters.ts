import type { WordCounts } from './word-table.ts';

export interface CharacterOptions {
  /** Tokens in all at most: the most frequent characters are kept. */
  vocabSize: number;
  /** Rarer characters get no token. */
  minFrequency: number;
  /** These get the first ids. */
  specialTokens: readonly string[];
  /** The token for every other character; it follows the special ones. */
  unknown: string;
}

/** The vocabulary of a character tokenizer: special tokens, then characters in the order of their code points. */
export function trainCharacters(
  { keys, starts, counts }: WordCounts,
  options: CharacterOptions,
): Record<string, number> {
  const { vocabSize, minFrequency, specialTokens, unknown } = options;
  const special = [...new Set([...specialTokens, unknown])];
  const characters = Array.from(counts, (count, word) => ({
    char: String.fromCharCode(...keys.subarray(starts[word], starts[word + 1])),
    count,
  }));
  const kept = characters
    .filter(({ char, count }) => count >= minFrequency && !special.includes(char))
    .sort((a, b) => b.count - a.count || byCodePoint(a.char, b.char))
    .slice(0, vocabSize - special.length)
    .sort((a, b) => byCodePoint(a.char, b.char));
  return Object.fromEntries([...special, ...kept.map(({ char }) => char)].map((token, id) => [token, id]));
}

const byCodePoint = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)!;
