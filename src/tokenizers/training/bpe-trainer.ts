/**
 * Training of byte pair encoding (Sennrich et al. 2016) over bytes, with the merges of Hugging Face's `BpeTrainer`:
 * the most frequent pair is merged first, of equally frequent ones that with the lower ids.
 */
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import { encodeUtf8 } from '../byte-bpe/utf8.ts';
import { PairTable } from '../models/pair-table.ts';
import { PairCounts } from './pair-counts.ts';
import type { WordCounts } from './word-counter.ts';

export interface BpeTrainerOptions {
  /** Tokens in all, special tokens and bytes included. */
  vocabSize: number;
  /** Pairs that are rarer are not merged. */
  minFrequency: number;
  /** These get the first ids. */
  specialTokens: readonly string[];
  /** Give a token to each byte, or only to those that occur. Default true. */
  allBytes?: boolean;
  /** Called now and then with the number of tokens so far. */
  onProgress?: (tokens: number) => void;
}

export interface TrainedBpe {
  vocab: Record<string, number>;
  merges: [string, string][];
}

export function trainBpe(counts: WordCounts, options: BpeTrainerOptions): TrainedBpe {
  const { vocabSize, minFrequency, specialTokens, allBytes = true, onProgress } = options;
  const tokens: string[] = [];
  const ids = new Map<string, number>();
  const idOf = (token: string): number => {
    let id = ids.get(token);
    if (id === undefined) {
      id = tokens.push(token) - 1;
      ids.set(token, id);
    }
    return id;
  };
  specialTokens.forEach(idOf);

  const words = wordsOf(counts);
  const seen = new Uint8Array(256).fill(allBytes ? 1 : 0);
  for (const byte of words.symbols) seen[byte] = 1;
  const alphabet = BYTE_TO_CHAR.filter((_, byte) => seen[byte]).sort();
  alphabet.forEach(idOf);
  const byteIds = Int32Array.from(BYTE_TO_CHAR, char => ids.get(char) ?? -1);
  for (let i = 0; i < words.symbols.length; i++) words.symbols[i] = byteIds[words.symbols[i]];

  const pairs = new PairCounts(words.symbols, words.starts, counts.counts);
  const merges: [left: number, right: number][] = [];
  while (ids.size < vocabSize) {
    const top = pairs.takeMostFrequent();
    if (!top || top.count < Math.max(1, minFrequency)) break;
    const id = idOf(tokens[top.left] + tokens[top.right]);
    merges.push([top.left, top.right]);
    pairs.merge(top, id);
    if (merges.length % 256 === 0) onProgress?.(ids.size);
  }
  return {
    vocab: Object.fromEntries(ids),
    merges: lastOfEach(merges).map(([left, right]) => [tokens[left], tokens[right]]),
  };
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

/** A pair can come up twice, when two pairs spell the same token; its last rank counts. */
function lastOfEach(merges: [number, number][]): [number, number][] {
  const last = new PairTable(merges.length);
  for (const [rank, [left, right]] of merges.entries()) last.set(left, right, rank);
  return merges.filter(([left, right], rank) => last.get(left, right) === rank);
}
