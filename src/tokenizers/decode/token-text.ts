/**
 * Tokens as a person reads them. A token of bytes is often a part of a character, and what the vocabulary writes for it
 * (`å®ĥ` for 它) says nothing: parts of a character are shown as the character with their number, `它¹ 它²`.
 */
import { fromByteChars } from '../byte-alphabet.ts';
import type { Tokenizer } from '../tokenizer.ts';

const FALLBACK_BYTE = /^<0x([0-9A-F]{2})>$/;
const SUPERSCRIPTS = [...'⁰¹²³⁴⁵⁶⁷⁸⁹'];

/** The texts of tokens that stand one after the other. */
export function tokenTexts(tokenizer: Tokenizer, ids: ArrayLike<number>): string[] {
  const parts = Array.from(ids, id => bytesOf(tokenizer, id));
  const bytes = Buffer.concat(parts);
  /** The token that each byte belongs to. */
  const owners = parts.flatMap(({ length }, token) => new Array<number>(length).fill(token));
  const texts = parts.map(() => '');
  for (let at = 0; at < bytes.length; ) {
    const char = characterAt(bytes, at);
    const length = char === undefined ? 1 : Buffer.byteLength(char);
    const tokens = [...new Set(owners.slice(at, at + length))];
    for (const [i, token] of tokens.entries()) {
      const shown = char ?? `\\x${bytes[at].toString(16).toUpperCase().padStart(2, '0')}`;
      texts[token] += tokens.length > 1 ? shown + superscript(i + 1) : shown;
    }
    at += length;
  }
  return texts;
}

/** The text of one token alone; bytes that are no whole character as `\xE5`. */
export const tokenText = (tokenizer: Tokenizer, id: number): string => tokenTexts(tokenizer, [id])[0];

function bytesOf(tokenizer: Tokenizer, id: number): Uint8Array {
  const token = tokenizer.idToToken(id) ?? '';
  if (tokenizer.isByteLevel) return fromByteChars(token);
  const byte = FALLBACK_BYTE.exec(token);
  return byte ? Uint8Array.of(Number.parseInt(byte[1], 16)) : Buffer.from(token.replaceAll('▁', ' '));
}

/** The character that starts there, undefined where the bytes are none. */
function characterAt(bytes: Uint8Array, at: number): string | undefined {
  const first = bytes[at];
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return undefined;
  const char = Buffer.from(bytes.subarray(at, at + length)).toString('utf8');
  return Buffer.byteLength(char) === length && !(char === '\ufffd' && length !== 3) && [...char].length === 1
    ? char
    : undefined;
}

const superscript = (number: number): string => [...String(number)].map(digit => SUPERSCRIPTS[Number(digit)]).join('');
