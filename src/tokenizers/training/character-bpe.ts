/**
 * Byte pair encoding over the characters of words, with the merges of Hugging Face's `BpeTrainer` and all its options.
 * WordPiece is trained in the same way, with a prefix for what continues a word.
 */
import { type AlphabetOptions, alphabetOf, byCodePoints, checkRoom, forEachCharacter } from './alphabet.ts';
import type { TrainedBpe } from './bpe-trainer.ts';
import { learnMerges, type MergeOptions, type SymbolWords, TokenList } from './learn-merges.ts';
import type { WordCounts } from './word-table.ts';

export interface CharacterBpeOptions extends MergeOptions, AlphabetOptions {
  /** These get the first ids. */
  specialTokens: readonly string[];
  /** Characters that get a token wherever in a word they stand, whether they occur or not. */
  alphabetInWords?: readonly string[];
  /** What symbols end with that end a word. */
  endOfWordSuffix?: string;
}

export function trainCharacterBpe(counts: WordCounts, options: CharacterBpeOptions): TrainedBpe {
  const list = new TokenList();
  for (const token of options.specialTokens) list.add(token);
  const { initialAlphabet = [], alphabetInWords = [] } = options;
  const alphabet = alphabetOf(counts, { ...options, initialAlphabet: [...initialAlphabet, ...alphabetInWords] });
  const others = list.tokens.length;
  for (const char of alphabet) list.add(char);
  const words = wordsOf(counts, list, options);
  checkRoom(options.vocabSize, list.tokens.length - others, others);
  const merges = learnMerges(list, words, options);
  return { vocab: Object.fromEntries(list.ids), merges };
}

/**
 * The symbols of every word, without characters that are not in the list. Those with a prefix or suffix are added to it
 * in the order of code points. (Hugging Face's order is that of a hash map, another one in every run.)
 */
function wordsOf(counts: WordCounts, list: TokenList, options: CharacterBpeOptions): SymbolWords {
  const { continuingSubwordPrefix: prefix = '', endOfWordSuffix: suffix = '' } = options;
  const forms = new Map<number, string>();
  const symbols = new Int32Array(counts.keys.length);
  const starts = new Uint32Array(counts.counts.length + 1);
  const known = new Set<number>();
  for (const token of list.tokens) if ([...token].length === 1) known.add(token.codePointAt(0)!);
  let length = 0;
  forEachCharacter(counts, (code, word, isFirst, isLast) => {
    if (known.has(code)) {
      const form = 4 * code + (isFirst ? 0 : 1) + (isLast ? 2 : 0);
      if (!forms.has(form)) {
        forms.set(form, (isFirst ? '' : prefix) + String.fromCodePoint(code) + (isLast ? suffix : ''));
      }
      symbols[length++] = form;
    }
    starts[word + 1] = length;
  });
  const inWords = (options.alphabetInWords ?? []).map(char => prefix + char);
  for (const symbol of [...forms.values(), ...inWords].sort(byCodePoints)) list.add(symbol);
  const ids = new Map([...forms].map(([form, symbol]) => [form, list.ids.get(symbol)!]));
  for (let i = 0; i < length; i++) symbols[i] = ids.get(symbols[i])!;
  return { symbols: symbols.subarray(0, length), starts, counts: counts.counts };
}
