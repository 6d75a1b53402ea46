/**
 * Training of byte pair encoding (Sennrich et al. 2016) over bytes, with the merges of Hugging Face's `BpeTrainer`:
 * the most frequent pair is merged first, of equally frequent ones that with the lower ids.
 */
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { encodeUtf8 } from '../byte-bpe/utf8.ts';
import { learnMerges, type MergeOptions, TokenList } from './learn-merges.ts';
import type { WordCounts } from './word-table.ts';

export interface BpeTrainerOptions extends Omit<MergeOptions, 'continuingSubwordPrefix'> {
  /** These get the first ids. */
  specialTokens: readonly string[];
  /** Give a token to each byte, or only to those that occur. Default true. */
  allBytes?: boolean;
}

export interface TrainedBpe {
  vocab: Record<string, number>;
  merges: [string, string][];
}

export function trainBpe(counts: WordCounts, options: BpeTrainerOptions): TrainedBpe {
  const { specialTokens, allBytes = true } = options;
  const list = new TokenList();
  for (const token of specialTokens) list.add(token);
  const { symbols, starts } = wordsOf(counts);
  const seen = new Uint8Array(256).fill(allBytes ? 1 : 0);
  for (const byte of symbols) seen[byte] = 1;
  const alphabet = BYTE_TO_CHAR.filter((_, byte) => seen[byte]).sort();
  for (const char of alphabet) list.add(char);
  const byteIds = Int32Array.from(BYTE_TO_CHAR, char => list.ids.get(char) ?? -1);
  for (let i = 0; i < symbols.length; i++) symbols[i] = byteIds[symbols[i]];
  const merges = learnMerges(list, { symbols, starts, counts: counts.counts }, options);
  return { vocab: Object.fromEntries(list.ids), merges };
}

/** The bytes of every word, one word after the other. */
function wordsOf({ keys, starts, counts }: WordCounts): { symbols: Int32Array; starts: Uint32Array } {
  const bytes = new Uint8Array(3 * keys.length);
  const byteStarts = new Uint32Array(counts.length + 1);
  let length = 0;
  for (let word = 0; word < counts.length; word++) {
    length += encodeUtf8(keys, starts[word], starts[word + 1], bytes.subarray(length));
    byteStarts[word + 1] = length;
  }
  return { symbols: Int32Array.from(bytes.subarray(0, length)), starts: byteStarts };
}
