/** Tells the formats of word vectors apart by what they begin with, and reads them. */
import type { WordVectors } from '../word-vectors.ts';
import { parseBinary } from './binary.ts';
import { badVectors } from './errors.ts';
import type { Header, ParseOptions } from './header.ts';
import { Input, MAX_LINE, NEWLINE, type Parser } from './input.ts';
import { looksLikeRow, parseText } from './text.ts';

/** How much of a file is searched for bytes that text does not have. */
const CONTROL_BYTES = 4096;
const LINE_BYTES = [0x09, 0x0a, 0x0d];

const HEADER = /^\ufeff?(-?\d+)[ \t]+(-?\d+)[ \t]*$/;

export function* parseVectors(options: ParseOptions): Parser<WordVectors> {
  const { path } = options;
  const input = new Input();
  const end = yield* input.find(NEWLINE, MAX_LINE);
  if (input.available === 0) throw badVectors(path, 'the file is empty');
  const first = new TextDecoder()
    .decode(input.peek(end < 0 ? Math.min(input.available, 1000) : end))
    .replace(/\r$/, '');
  const header = HEADER.exec(first);
  if (!header) return yield* parseText(input, undefined, options);
  const [words, dimension] = [Number(header[1]), Number(header[2])];
  if (words < 1 || dimension < 1) throw badVectors(path, `the header claims ${words} words of ${dimension} numbers`);
  // Of either format a number takes two bytes or more, and a word two.
  if (options.bytes !== undefined && words * (2 + 2 * dimension) > options.bytes + 2) {
    throw badVectors(
      path,
      `the header claims ${words} words of ${dimension} numbers, more than ${options.bytes} bytes can hold`,
    );
  }
  const rowEnd = yield* input.find(NEWLINE, MAX_LINE, end + 1);
  const row = input.peek((rowEnd < 0 ? input.available : rowEnd) - end - 1, end + 1);
  // A vector in float32 may begin with a digit and a line end; it hardly ever has no control character in all of its bytes.
  const hasControls = input.peek(CONTROL_BYTES, end + 1).some(byte => byte < 0x20 && !LINE_BYTES.includes(byte));
  const isText = !hasControls && row.length <= MAX_LINE && looksLikeRow(new TextDecoder().decode(row), dimension);
  yield* input.line();
  const claimed: Header = { words, dimension };
  return isText ? yield* parseText(input, claimed, options) : yield* parseBinary(input, claimed, options);
}
