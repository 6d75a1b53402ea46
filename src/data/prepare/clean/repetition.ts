/** Filters on texts that repeat themselves. */
import { mix32 } from '../../corpus/hash.ts';
import type { Units } from '../units.ts';

/**
 * The filters on repetition of Gopher (Rae et al. 2021, table A1), in a form that needs no words: see `units.ts`.
 * Short texts repeat themselves without fault, so that texts under `MIN_UNITS` are never judged.
 */
const MIN_UNITS = 100;

/** Characters in place of a word, where characters are counted: most Chinese words have two. */
const CHARACTERS_A_WORD = 2;

export interface RepetitionOptions {
  /** The largest share of characters that may lie in lines that came before. Gopher: 0.2. */
  maxDuplicateLines: number;
  /**
   * The largest share of characters that the most frequent 2-gram may make up; 3- and 4-grams get 0.9 and 0.8 of it. Where
   * characters are counted in place of words, two of them count as one.
   */
  maxTopNgram: number;
}

const SHARES = [
  [2, 1],
  [3, 0.9],
  [4, 0.8],
] as const;

/** Which filter a text falls to, if any. */
export function repetitionFault(
  text: string,
  units: Units,
  { maxDuplicateLines, maxTopNgram }: RepetitionOptions,
): 'duplicate lines' | 'repeated n-grams' | undefined {
  const scale = 2 * units.alone > units.count ? CHARACTERS_A_WORD : 1;
  if (units.count < MIN_UNITS * scale) return undefined;
  if (duplicateLineShare(text) > maxDuplicateLines) return 'duplicate lines';
  const repeats = SHARES.some(([n, share]) => topNgramShare(units, n * scale) > maxTopNgram * share);
  return repeats ? 'repeated n-grams' : undefined;
}

/** The share of the characters of all lines that lie in lines that came before in the text; blank lines do not count. */
export function duplicateLineShare(text: string): number {
  const seen = new Set<string>();
  let all = 0;
  let duplicate = 0;
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (end > start) {
      const line = text.slice(start, end);
      all += line.length;
      if (seen.has(line)) duplicate += line.length;
      else seen.add(line);
    }
    start = end + 1;
  }
  return all === 0 ? 0 : duplicate / all;
}

let slots = 0;
let keys = new Uint32Array(0);
let counts = new Uint32Array(0);

/** The share of the characters of all units that the most frequent n-gram makes up. */
export function topNgramShare({ hashes, lengths, count }: Units, n: number): number {
  if (count < n) return 0;
  clearTable(count);
  let topCount = 0;
  let topEnd = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += lengths[i];
    if (i < n - 1) continue;
    let hash = 0;
    for (let j = i - n + 1; j <= i; j++) hash = Math.imul(hash, 0x01000193) ^ hashes[j];
    const seen = countOf(mix32(hash) || 1);
    if (seen > topCount) {
      topCount = seen;
      topEnd = i;
    }
  }
  let length = 0;
  for (let j = topEnd - n + 1; j <= topEnd; j++) length += lengths[j];
  // Overlapping repeats ("a a a a") would count characters twice.
  return Math.min(1, (topCount * length) / total);
}

function clearTable(count: number): void {
  slots = 2 ** Math.ceil(Math.log2(2 * count));
  if (keys.length < slots) {
    keys = new Uint32Array(slots);
    counts = new Uint32Array(slots);
  }
  keys.fill(0, 0, slots);
  counts.fill(0, 0, slots);
}

/** Counts one more of `key`, which is not 0, and gives the count. */
function countOf(key: number): number {
  let slot = key & (slots - 1);
  while (keys[slot] !== key && keys[slot] !== 0) slot = (slot + 1) & (slots - 1);
  keys[slot] = key;
  return ++counts[slot];
}
