/** One pass over the bytes of a text, from which its encoding is decided. Memory does not grow with the text. */
import { isAscii, isUtf8 } from 'node:buffer';

/** Of the beginning: what marks, UTF-16 and binary files are told by. */
const HEAD_BYTES = 1 << 16;
/** Of the lines that are not UTF-8. */
const SAMPLE_BYTES = 1 << 16;

const LINE_FEED = 10;

export interface Census {
  bytes: number;
  head: Uint8Array;
  /** Characters of several bytes in UTF-8. */
  multibyte: number;
  /** Sequences of bytes that are no character in UTF-8. */
  invalid: number;
  /** Lines with bytes that are not UTF-8. */
  sample: Uint8Array;
  /** Line feeds. */
  lines: number;
  /** Lines that hold nothing but white space. */
  blankLines: number;
}

/** @param pieces the bytes of the text, unpacked */
export async function takeCensus(pieces: AsyncIterable<Uint8Array>): Promise<Census> {
  const census = { bytes: 0, multibyte: 0, invalid: 0, lines: 0, blankLines: 0 };
  const head: Uint8Array[] = [];
  const sample: Uint8Array[] = [];
  let headBytes = 0;
  let sampleBytes = 0;
  let rest: Uint8Array = new Uint8Array(0);

  const add = (bytes: Uint8Array): void => {
    countLines(bytes, census);
    if (isAscii(bytes)) return;
    if (isUtf8(bytes)) {
      census.multibyte += countMultibyte(bytes);
      return;
    }
    for (const line of lines(bytes)) {
      if (isUtf8(line)) {
        census.multibyte += countMultibyte(line);
        continue;
      }
      const { multibyte, invalid } = countDamage(line);
      census.multibyte += multibyte;
      census.invalid += invalid;
      if (sampleBytes >= SAMPLE_BYTES) continue;
      sample.push(line.slice(0, SAMPLE_BYTES - sampleBytes));
      sampleBytes += sample.at(-1)!.length;
    }
  };
  for await (const piece of pieces) {
    census.bytes += piece.length;
    if (headBytes < HEAD_BYTES) {
      head.push(piece.slice(0, HEAD_BYTES - headBytes));
      headBytes += head.at(-1)!.length;
    }
    // Lines stay whole, so that no character is cut; a line that is longer than any text has is cut all the same.
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = bytes.lastIndexOf(LINE_FEED) + 1 || (bytes.length > 1 << 24 ? characterEnd(bytes) : 0);
    if (end > 0) add(bytes.subarray(0, end));
    rest = bytes.slice(end);
  }
  if (rest.length > 0) add(rest);
  return { ...census, head: Buffer.concat(head), sample: Buffer.concat(sample) };
}

/** The end of the last character that is whole, where the bytes are UTF-8. */
function characterEnd(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > bytes.length - 4 && end > 1 && (bytes[end - 1] & 0xc0) === 0x80) end--;
  return bytes[end - 1] >= 0xc0 ? end - 1 : bytes.length;
}

function* lines(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LINE_FEED, start) + 1 || bytes.length;
    yield bytes.subarray(start, end);
    start = end;
  }
}

function countLines(bytes: Uint8Array, census: { lines: number; blankLines: number }): void {
  for (let start = 0; ; ) {
    const end = bytes.indexOf(LINE_FEED, start);
    if (end < 0) return;
    census.lines++;
    let at = start;
    while (at < end && isBlank(bytes[at])) at++;
    if (at === end) census.blankLines++;
    start = end + 1;
  }
}

const isBlank = (byte: number): boolean => byte === 32 || byte === 9 || byte === 13;

/** First bytes of characters of several bytes, in valid UTF-8. */
function countMultibyte(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] >= 0xc0) count++;
  return count;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** How much of bytes that are not UTF-8 is characters of several bytes all the same. */
function countDamage(bytes: Uint8Array): { multibyte: number; invalid: number } {
  let multibyte = 0;
  let invalid = 0;
  for (const char of decoder.decode(bytes)) {
    if (char === '\ufffd') invalid++;
    else if (char >= '\u0080') multibyte++;
  }
  return { multibyte, invalid };
}
