/** Which split a document belongs to: by the hash of its text, or by its place in reading order. */
import type { SplitName } from './corpus-index.ts';
import { mix32 } from './hash.ts';

/** The shares of validation and test; what is left is for training. */
export interface SplitShares {
  validation: number;
  test: number;
}

/** The split of a document by the hash of its text: equal texts always fall together, in whatever order they come. */
export function splitByHash(
  hashHigh: number,
  hashLow: number,
  seed: number,
  { validation, test }: SplitShares,
): SplitName {
  const position = mix32(mix32(hashHigh ^ mix32(seed + 1)) ^ hashLow) / 2 ** 32;
  if (position < test) return 'test';
  return position < test + validation ? 'validation' : 'train';
}

/** Where validation and test start, in characters from the beginning, when they are the last parts of the text. */
export function tailBoundaries(
  characters: number,
  { validation, test }: SplitShares,
): { validation: number; test: number } {
  // Shares like 0.1 have no exact binary form: 1 - 0.05 - 0.05 must be 0.9.
  const at = (share: number): number => Math.floor(characters * share + 1e-6);
  return { validation: at(1 - validation - test), test: at(1 - test) };
}

/** The byte at which character number `characters` of a text in UTF-8 starts. */
export function byteOfCharacter(utf8: Uint8Array, characters: number): number {
  let seen = 0;
  for (let i = 0; i < utf8.length; i++) {
    if ((utf8[i] & 0xc0) === 0x80) continue;
    if (seen === characters) return i;
    seen++;
  }
  return utf8.length;
}
