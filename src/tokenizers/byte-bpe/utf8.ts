/** Writes UTF-16 units as UTF-8 and returns the number of bytes; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(units: Uint16Array, start: number, end: number, bytes: Uint8Array): number {
  let count = 0;
  for (let i = start; i < end; i++) {
    let code = units[i];
    if (code < 0x80) {
      bytes[count++] = code;
      continue;
    }
    if (code < 0x800) {
      bytes[count++] = 0xc0 | (code >> 6);
      bytes[count++] = 0x80 | (code & 0x3f);
      continue;
    }
    if ((code & 0xf800) === 0xd800) {
      const isPair = code < 0xdc00 && i + 1 < end && (units[i + 1] & 0xfc00) === 0xdc00;
      code = isPair ? 0x10000 + ((code - 0xd800) << 10) + (units[++i] - 0xdc00) : 0xfffd;
    }
    if (code < 0x10000) {
      bytes[count++] = 0xe0 | (code >> 12);
    } else {
      bytes[count++] = 0xf0 | (code >> 18);
      bytes[count++] = 0x80 | ((code >> 12) & 0x3f);
    }
    bytes[count++] = 0x80 | ((code >> 6) & 0x3f);
    bytes[count++] = 0x80 | (code & 0x3f);
  }
  return count;
}
