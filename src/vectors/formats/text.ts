/**
 * Vectors as text: a word and its numbers a line. word2vec's text format and fastText's `.vec` begin with a line of how many words
 * and numbers there are, GloVe's files do not. Words may have spaces in them, as some of GloVe's Common Crawl files do: numbers
 * are counted from the end of a line.
 */
import type { WordVectors } from '../word-vectors.ts';
import { badVectors, quoted } from './errors.ts';
import type { Header, ParseOptions } from './header.ts';
import type { Input, Parser } from './input.ts';
import { Rows } from './rows.ts';

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
/** What programs write for numbers that are none. */
const NO_NUMBER = /^[-+]?(nan|inf|infinity)$/i;

const fieldsOf = (line: string): string[] => line.replace(/[ \t\r]+$/, '').split(/[ \t]/);

/** Whether a line is a word and `dimension` numbers, or what stands for numbers. */
export function looksLikeRow(line: string, dimension: number): boolean {
  const fields = fieldsOf(line);
  // A line that lacks a number is still text and no binary vector, if all else are numbers.
  const numbers = fields.length > dimension ? fields.slice(-dimension) : fields.slice(1);
  return numbers.length > 0 && numbers.every(field => NUMBER.test(field) || NO_NUMBER.test(field));
}

export function* parseText(input: Input, header: Header | undefined, options: ParseOptions): Parser<WordVectors> {
  const { path, limit = Number.POSITIVE_INFINITY } = options;
  let number = header ? 1 : 0;
  let count = 0;
  let rows: Rows | undefined;
  for (let line = yield* input.line(); line !== undefined && count < limit; line = yield* input.line()) {
    number++;
    if (number === 1) line = line.replace(/^\ufeff/, '');
    if (line.trim() === '') continue;
    const fields = fieldsOf(line);
    rows ??= new Rows(header?.dimension ?? numbersAtEnd(fields));
    readRow(fields, rows, what => badVectors(path, `line ${number}: ${what}`));
    if (header && ++count > header.words)
      throw badVectors(path, `there are more words than the ${header.words} claimed`);
    if (!header) count++;
  }
  if (!rows) throw badVectors(path, 'there are no vectors');
  if (header && count < Math.min(header.words, limit)) {
    throw badVectors(path, `the header claims ${header.words} words, there are ${count}`);
  }
  return rows.result();
}

/** The first line of a file without a header says how many numbers there are: all after the word. */
function numbersAtEnd(fields: readonly string[]): number {
  let count = 0;
  while (count < fields.length - 1 && NUMBER.test(fields[fields.length - 1 - count])) count++;
  return count;
}

function readRow(fields: readonly string[], rows: Rows, fail: (what: string) => Error): void {
  const { dimension } = rows;
  if (dimension === 0) throw fail('a word and numbers are expected');
  const wordFields = fields.length - dimension;
  if (wordFields < 1) throw fail(`${fields.length - 1} numbers, ${dimension} are expected`);
  // Another number before the last ones: a line that is too long, not a word with spaces.
  if (wordFields > 1 && NUMBER.test(fields[wordFields - 1])) {
    throw fail(`more than the ${dimension} numbers that are expected`);
  }
  const word = fields.slice(0, wordFields).join(' ');
  const place = rows.add(word) ?? new Float32Array(dimension);
  for (let i = 0; i < dimension; i++) {
    const text = fields[wordFields + i];
    const value = text === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw fail(`${quoted(text)} of the word ${quoted(word)} is no number`);
    place[i] = value;
  }
}
