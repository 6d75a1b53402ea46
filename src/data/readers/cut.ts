/** Where a text in UTF-8 may be cut. */

const LINE_FEED = 10;
const SPACE = 32;
/** How far before the limit a better place to cut is looked for, in bytes. */
const WINDOW = 1 << 16;

/**
 * Where to end a piece of at most `limit` bytes of a longer text: before the last blank line, else before the last line
 * break, else before the last space, else between two characters. Byte-level pre-tokenizers give white space to the word
 * that follows it, so that a cut before it leaves the tokens of both pieces as they were.
 *
 * @param exact for text that is to be encoded as though it were never cut: only cut where a letter or a digit stands
 *   before the white space, for some pre-tokenizers join punctuation and the line break after it
 */
export function cutPoint(bytes: Uint8Array, limit: number, { exact = false }: { exact?: boolean } = {}): number {
  const lowest = Math.max(1, limit - WINDOW);
  let lineBreak = 0;
  let space = 0;
  for (let i = limit; i >= lowest; i--) {
    const byte = bytes[i];
    if (byte !== LINE_FEED && byte !== SPACE) continue;
    if (bytes[i - 1] === LINE_FEED || bytes[i - 1] === SPACE) continue;
    if (exact && !isAlphanumeric(bytes[i - 1])) continue;
    if (byte === LINE_FEED && bytes[i + 1] === LINE_FEED) return i;
    if (byte === LINE_FEED) lineBreak ||= i;
    else space ||= i;
  }
  return lineBreak || space || characterStart(bytes, limit);
}

const isAlphanumeric = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);

/** The start of the character that the byte at `position` is part of, where the bytes are UTF-8. */
export function characterStart(bytes: Uint8Array, position: number): number {
  let start = position;
  while (start > position - 4 && start > 0 && (bytes[start] & 0xc0) === 0x80) start--;
  return (bytes[start] & 0xc0) === 0x80 ? position : start;
}

/** The end of the last complete line, 0 when there is none. */
export const lastLineEnd = (bytes: Uint8Array): number => bytes.lastIndexOf(LINE_FEED) + 1;

/** The end of the last blank line, 0 when there is none. */
export function lastParagraphEnd(bytes: Uint8Array): number {
  for (let end = bytes.lastIndexOf(LINE_FEED); end > 0; end = bytes.lastIndexOf(LINE_FEED, end - 1)) {
    let i = end - 1;
    while (i >= 0 && isBlank(bytes[i])) i--;
    if (i >= 0 && bytes[i] === LINE_FEED) return end + 1;
  }
  return 0;
}

const isBlank = (byte: number): boolean => byte === SPACE || byte === 9 || byte === 13;

/** Calls `visit` with the bytes of each line, without its line break. */
export function forEachLine(bytes: Uint8Array, visit: (line: Uint8Array) => void): void {
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    visit(bytes.subarray(start, bytes[end - 1] === 13 && end > start ? end - 1 : end));
    start = end + 1;
  }
}

/** Calls `visit` with each paragraph: lines up to a blank one. Blank lines belong to none. */
export function forEachParagraph(bytes: Uint8Array, visit: (paragraph: Uint8Array) => void): void {
  let start = -1;
  let end = 0;
  forEachLine(bytes, line => {
    if (line.every(isBlank)) {
      if (start >= 0) visit(bytes.subarray(start, end));
      start = -1;
    } else {
      const offset = line.byteOffset - bytes.byteOffset;
      if (start < 0) start = offset;
      end = offset + line.length;
    }
  });
  if (start >= 0) visit(bytes.subarray(start, end));
}
