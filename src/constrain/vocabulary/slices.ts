/**
 * Parts of a vocabulary that are allowed or not as a whole: tokens of up to n plain characters. Inside a string all
 * of them may follow, whatever the string's count of characters is, and only the others are walked (the slices of
 * llguidance, Microsoft 2025).
 */
import { createTokenTrie, type TokenTrie } from './token-trie.ts';

export interface Slice {
  /** Most bytes of its tokens. */
  length: number;
  tokens: Uint32Array;
  /** All tokens that are not in it. */
  rest: TokenTrie;
}

const LENGTHS = [24, 16, 8, 4];

/** Visible ASCII and the space, without what ends or escapes in a JSON string. */
export const PLAIN: readonly number[] = Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i).filter(
  byte => byte !== 0x22 && byte !== 0x5c,
);
const isPlain = new Uint8Array(256);
for (const byte of PLAIN) isPlain[byte] = 1;

/** The longest tokens first. */
export function createSlices(texts: readonly (Uint8Array | undefined)[]): Slice[] {
  const plain = texts.map(text => (text?.every(byte => isPlain[byte] === 1) ? text.length : 0));
  return LENGTHS.map(length => {
    const tokens = new Uint32Array(Math.ceil(texts.length / 32));
    const rest = texts.map((text, id) => {
      if (plain[id] === 0 || plain[id] > length) return text;
      tokens[id >> 5] |= 1 << (id & 31);
      return undefined;
    });
    return { length, tokens, rest: createTokenTrie(rest) };
  });
}
