/** Runs of words as numbers, to find what two texts share word by word without keeping either. */

const ALONE = '[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}]';
const WORD = new RegExp(`${ALONE}|(?:(?!${ALONE})[\\p{L}\\p{M}\\p{N}])+`, 'gu');

/** Lower case, letters and digits alone; Chinese characters and kana are words of their own. */
export const wordsIn = (text: string): string[] => text.normalize('NFKC').toLowerCase().match(WORD) ?? [];

/** 32 bits of a word (FNV-1a), mixed once more. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
}

/** A number of 53 bits for each run of `n` words, in order. Two runs that differ have the same one by an accident in 10¹⁵. */
export function ngramHashes(words: readonly string[], n: number): Float64Array {
  const hashes = Int32Array.from(words, hashOf);
  const count = Math.max(0, words.length - n + 1);
  const result = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let [low, high] = [0x9e3779b9 | 0, 0x85ebca6b | 0];
    for (let j = i; j < i + n; j++) {
      low = Math.imul(low ^ hashes[j], 0x01000193) + 0x7f4a7c15;
      high = Math.imul((high << 5) ^ (high >>> 27) ^ hashes[j], 0x297a2d39);
    }
    result[i] = (high >>> 11) * 0x1_0000_0000 + ((low ^ (low >>> 16)) >>> 0);
  }
  return result;
}
