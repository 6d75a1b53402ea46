/** The filter `wordwrap`: Python's `textwrap`. */
import { valueError } from '../errors.ts';
import { truth } from '../python/compare.ts';
import { intArgument, textArgument } from '../python/signature.ts';
import { splitLines } from '../python/text.ts';
import { isSpaceText } from '../python/unicode.ts';
import type { Value } from '../python/values.ts';
import { type Filter, filter } from './filter.ts';

const WORD = '[\\p{L}\\p{N}_]';
const LETTER = '(?!\\p{Nd})[\\p{L}\\p{N}_]';
const PUNCTUATED = '[\\p{L}\\p{N}_!"\'&.,?]';
const WHITE = '[\\t\\n\\v\\f\\r ]';

/** White space, dashes between words, and words with what they may be parted after. */
const CHUNK = new RegExp(
  `${WHITE}+|(?<=${PUNCTUATED})-{2,}(?=${WORD})|[^\\t\\n\\v\\f\\r ]+?(?:` +
    `-(?:(?<=${LETTER}${LETTER}-)|(?<=${LETTER}-${PUNCTUATED}-))(?=${LETTER}-?${LETTER})` +
    `|(?=${WHITE}|$)|(?<=${PUNCTUATED})(?=-{2,}${WORD}))`,
  'gu',
);
const SIMPLE_CHUNK = new RegExp(`${WHITE}+|[^\\t\\n\\v\\f\\r ]+`, 'g');

interface WrapOptions {
  width: number;
  breakLongWords: boolean;
  breakOnHyphens: boolean;
}

/** A part of the text, and how much of it has been taken already. */
interface Chunk {
  points: readonly string[];
  from: number;
}

const size = ({ points, from }: Chunk): number => points.length - from;
const textOf = ({ points, from }: Chunk): string => points.slice(from).join('');
const isBlank = (text: string): boolean => text === '' || isSpaceText(text);
/** Words and white space never share a part. */
const isBlankChunk = (chunk: Chunk): boolean => isBlank(chunk.points[chunk.from] ?? '');

function wrap(text: string, options: WrapOptions): string[] {
  const { width } = options;
  if (width <= 0) throw valueError(`invalid width ${width} (must be > 0)`);
  const parts = text.match(options.breakOnHyphens ? CHUNK : SIMPLE_CHUNK) ?? [];
  const chunks = parts.map(part => ({ points: Array.from(part), from: 0 })).reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    if (lines.length > 0 && isBlankChunk(chunks.at(-1)!)) chunks.pop();
    const line: string[] = [];
    let used = 0;
    while (chunks.length > 0 && used + size(chunks.at(-1)!) <= width) {
      used += size(chunks.at(-1)!);
      line.push(textOf(chunks.pop()!));
    }
    if (chunks.length > 0 && size(chunks.at(-1)!) > width) breakWord(chunks, line, width - used, options);
    if (line.length > 0 && isBlank(line.at(-1)!)) line.pop();
    if (line.length > 0) lines.push(line.join(''));
  }
  return lines;
}

/** A word longer than a line: as much of it as there is room for. */
function breakWord(chunks: Chunk[], line: string[], room: number, options: WrapOptions): void {
  const word = chunks.at(-1)!;
  if (!options.breakLongWords) {
    if (line.length === 0) line.push(textOf(chunks.pop()!));
    return;
  }
  const start = word.points.slice(word.from, word.from + room);
  const hyphen = start.lastIndexOf('-');
  const breaksAtHyphen = options.breakOnHyphens && hyphen > 0 && start.slice(0, hyphen).some(char => char !== '-');
  const taken = breaksAtHyphen ? start.slice(0, hyphen + 1) : start;
  line.push(taken.join(''));
  word.from += taken.length;
}

const isTrue = (value: Value | undefined): boolean => value === undefined || truth(value);

export const wordwrap: Filter = filter(
  'wordwrap',
  's width? break_long_words? wrapstring? break_on_hyphens?',
  (_, value, width = 79n, breakLongWords, wrapstring, breakOnHyphens) => {
    const separator = wrapstring == null ? '\n' : textArgument(wrapstring);
    const options = {
      width: intArgument(width),
      breakLongWords: isTrue(breakLongWords),
      breakOnHyphens: isTrue(breakOnHyphens),
    };
    const lines = splitLines(textArgument(value));
    return lines.map(line => wrap(line, options).join(separator)).join(separator);
  },
);
