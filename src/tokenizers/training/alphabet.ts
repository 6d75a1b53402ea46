/** The characters of the words that a tokenizer is trained on, and which of them get a token. */
import { usageError } from '../../support/errors.ts';
import type { WordCounts } from './word-table.ts';

export interface AlphabetOptions {
  /** How many characters are kept at most: the most frequent ones, of equally frequent ones the lower code points. */
  limitAlphabet?: number;
  /** Characters that get a token whether they occur or not; they count as the most frequent. */
  initialAlphabet?: readonly string[];
}

/** What a text in any language may hold sooner or later: without a token of its own, a digit or a comma could not be written. */
const ASCII = Array.from({ length: 0x7e - 0x20 }, (_, i) => String.fromCharCode(0x21 + i));

/**
 * The characters of ASCII that print, where the vocabulary has room for them beside the characters of the text.
 *
 * @param others tokens that are no characters
 */
export function asciiWithRoom(
  counts: WordCounts,
  { vocabSize, others, lowercase = false }: { vocabSize: number; others: number; lowercase?: boolean },
): string[] {
  const found = countCharacters(counts);
  const ascii = lowercase ? ASCII.filter(char => char === char.toLowerCase()) : ASCII;
  const missing = ascii.filter(char => !found.has(char.codePointAt(0)!)).length;
  return found.size + missing + others <= vocabSize * ALPHABET_SHARE ? ascii : [];
}

/** Of the vocabulary, for characters; the rest is for longer tokens. */
const ALPHABET_SHARE = 0.75;

/** How often each character occurs, by code point. */
export function countCharacters(counts: WordCounts): Map<number, number> {
  const found = new Map<number, number>();
  forEachCharacter(counts, (code, word) => void found.set(code, (found.get(code) ?? 0) + counts.counts[word]));
  return found;
}

/** The alphabet in the order of code points. */
export function alphabetOf(counts: WordCounts, { limitAlphabet, initialAlphabet = [] }: AlphabetOptions): string[] {
  const found = countCharacters(counts);
  for (const char of initialAlphabet) found.set(char.codePointAt(0)!, Number.POSITIVE_INFINITY);
  return [...found]
    .sort(([a, countA], [b, countB]) => (countA === countB ? a - b : countB - countA))
    .slice(0, limitAlphabet)
    .map(([code]) => code)
    .sort((a, b) => a - b)
    .map(code => String.fromCodePoint(code));
}

/** Visits the code points of every word, with the word's number and whether one is its first or last. */
export function forEachCharacter(
  { keys, starts, counts }: WordCounts,
  visit: (code: number, word: number, isFirst: boolean, isLast: boolean) => void,
): void {
  for (let word = 0; word < counts.length; word++) {
    const end = starts[word + 1];
    for (let at = starts[word]; at < end; ) {
      const unit = keys[at];
      const isPair = (unit & 0xfc00) === 0xd800 && at + 1 < end;
      const next = at + (isPair ? 2 : 1);
      const code = isPair ? 0x10000 + ((unit & 0x3ff) << 10) + (keys[at + 1] & 0x3ff) : unit;
      visit(code, word, at === starts[word], next === end);
      at = next;
    }
  }
}

/** The order of UTF-8, which for characters above U+FFFF is not JavaScript's. */
export function byCodePoints(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at > 0 && (a.charCodeAt(at - 1) & 0xfc00) === 0xd800) at--;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}

/** @throws UserError when there is no room for all characters and what comes with them */
export function checkRoom(vocabSize: number, characters: number, others: number, what = 'characters'): void {
  if (characters + others <= vocabSize) return;
  throw usageError(
    'TSLM_BAD_VALUE',
    `a vocabulary of ${vocabSize} is too small for ${characters} ${what} and ${others} special tokens`,
    `choose ${characters + others} or more${what === 'characters' && characters > 1 ? ', or limit the alphabet' : ''}`,
  );
}
