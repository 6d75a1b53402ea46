/**
 * The alphabet of byte-level BPE: each byte is written as one printable character (GPT-2's `bytes_to_unicode`,
 * Radford et al. 2019). Bytes that are printable in Latin-1 stand for themselves, the others for U+0100 onwards.
 */

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** The character of each byte. */
export const BYTE_TO_CHAR: readonly string[] = (() => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
})();

/** The byte of each character code below 0x144, or 0xffff. */
const CODE_TO_BYTE = new Uint16Array(0x144).fill(0xffff);
BYTE_TO_CHAR.forEach((char, byte) => {
  CODE_TO_BYTE[char.charCodeAt(0)] = byte;
});

const encoder = new TextEncoder();

/** The text's UTF-8 bytes, each as its character. */
export function toByteChars(text: string): string {
  let chars = '';
  for (const byte of encoder.encode(text)) chars += BYTE_TO_CHAR[byte];
  return chars;
}

/** The bytes that a token stands for; a token with a character outside the alphabet stands for its own UTF-8. */
export function fromByteChars(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const code = token.charCodeAt(i);
    const byte = code < 0x144 ? CODE_TO_BYTE[code] : 0xffff;
    if (byte === 0xffff) return encoder.encode(token);
    bytes[i] = byte;
  }
  return bytes;
}
