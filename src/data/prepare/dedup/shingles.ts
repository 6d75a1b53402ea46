/** Shingles of a document: runs of words, or of characters where words are not separated. */
import { mix32 } from '../../corpus/hash.ts';
import { Units } from '../units.ts';

/** Units in a shingle: five words, or five characters of Chinese. */
export const SHINGLE = 5;
const BASE = 0x01000193;
const BASE_TO_SHINGLE = Array.from({ length: SHINGLE }).reduce<number>(power => Math.imul(power, BASE), 1);

/** How many shingles a text of this many units has; a shorter text is one shingle. */
export const shingleCount = (units: number): number => (units === 0 ? 0 : Math.max(1, units - SHINGLE + 1));

/** Writes the 32-bit hash of every shingle to `out` (a rolling polynomial over the units' hashes, mixed). */
export function hashShingles({ hashes, count }: Units, out: Uint32Array): void {
  let rolling = 0;
  for (let i = 0; i < count; i++) {
    rolling = (Math.imul(rolling, BASE) + hashes[i]) | 0;
    if (i >= SHINGLE) rolling = (rolling - Math.imul(BASE_TO_SHINGLE, hashes[i - SHINGLE])) | 0;
    if (i >= SHINGLE - 1) out[i - SHINGLE + 1] = mix32(rolling);
  }
  if (count > 0 && count < SHINGLE) out[0] = mix32(rolling);
}

/** The distinct shingles of a text, sorted. */
export function shingleSet(text: string, units = new Units()): Uint32Array {
  units.read(text);
  const sorted = new Uint32Array(shingleCount(units.count));
  hashShingles(units, sorted);
  sorted.sort();
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[distinct++] = sorted[i];
  return sorted.subarray(0, distinct);
}

/** The Jaccard similarity of two sorted sets: |A ∩ B| / |A ∪ B|; 0 when both are empty. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      shared++;
      i++;
      j++;
    } else if (a[i] < b[j]) i++;
    else j++;
  }
  const union = a.length + b.length - shared;
  return union === 0 ? 0 : shared / union;
}
