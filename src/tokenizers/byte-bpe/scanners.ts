/**
 * Hand-written equivalents of the patterns that split text for byte-level BPE. They run over UTF-16 units, and are
 * tested against the patterns themselves.
 */
import { GPT2_PATTERN } from '../pre-tokenizers/byte-level.ts';
import { astralClass, HIGH_SURROGATE, LETTER, NEWLINE, NUMBER, OTHER, SPACE, UNIT_CLASSES } from './char-classes.ts';

/** The end of the pre-token that begins at `start`; `text` is the same text as `units` up to `end`. */
export type Scanner = (units: Uint16Array, start: number, end: number, text: string) => number;

/** GPT-4's pattern with numbers of up to `digits`: 1 is Qwen 2's, 3 Llama 3's. */
export const gpt4Pattern = (digits: 1 | 3): string =>
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" +
  `\\p{N}${digits === 1 ? '' : `{1,${digits}}`}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** The scanner that is equivalent to a pattern, if there is one. */
export function scannerFor(pattern: string): Scanner | undefined {
  if (pattern === GPT2_PATTERN) return scanGpt2;
  if (pattern === gpt4Pattern(1)) return (units, start, end) => scanGpt4(units, start, end, 1);
  if (pattern === gpt4Pattern(3)) return (units, start, end) => scanGpt4(units, start, end, 3);
  return undefined;
}

/**
 * A scanner for any other pattern, which must not match the empty string.
 *
 * @param scan runs the search through a whole text
 */
export function regexScanner(regex: RegExp, scan: (text: string, search: () => number[]) => number[]): Scanner {
  let scanned = '';
  let stops: number[] = [];
  let next = 0;
  return (_units, start, _end, text) => {
    if (start === 0 || text !== scanned) {
      scanned = text;
      stops = scan(text, () => boundaries(text, regex));
      next = 0;
    }
    while (stops[next] <= start) next++;
    return stops[next];
  };
}

/** Where the matches of a global expression, and what lies between them, end. */
function boundaries(text: string, regex: RegExp): number[] {
  const stops: number[] = [];
  let done = 0;
  for (const { 0: match, index } of text.matchAll(regex)) {
    if (index > done) stops.push(index);
    done = index + match.length;
    stops.push(done);
  }
  if (done < text.length) stops.push(text.length);
  return stops;
}

const APOSTROPHE = 0x27;
const BLANK = 0x20;

const classAt = (units: Uint16Array, at: number, end: number): number => {
  const unitClass = UNIT_CLASSES[units[at]];
  return unitClass === HIGH_SURROGATE ? astralClass(units, at, end) : unitClass;
};

/** Where a run of one class ends. */
function runEnd(units: Uint16Array, start: number, end: number, wanted: number): number {
  let at = start;
  while (at < end) {
    const unitClass = UNIT_CLASSES[units[at]];
    if (unitClass === wanted) {
      at++;
    } else if (unitClass === HIGH_SURROGATE && astralClass(units, at, end) === wanted) {
      at += isLowSurrogate(units, at + 1, end) ? 2 : 1;
    } else {
      break;
    }
  }
  return at;
}

const isLowSurrogate = (units: Uint16Array, at: number, end: number): boolean =>
  at < end && (units[at] & 0xfc00) === 0xdc00;

/** The length of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `start`, or 0; `fold` maps letters to lower case. */
function contraction(units: Uint16Array, start: number, end: number, fold: number): number {
  if (start + 1 >= end) return 0;
  const first = units[start + 1] | fold;
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return 2;
  if (fold !== 0 && units[start + 1] === 0x17f) return 2; // the long s is an s when case is ignored
  if (start + 2 >= end) return 0;
  const second = units[start + 2] | fold;
  if (second === 0x65 && (first === 0x72 || first === 0x76)) return 3;
  return first === 0x6c && second === 0x6c ? 3 : 0;
}

/** `\s+(?!\S)|\s+`: white space up to its end or, where text follows, up to the last of it. */
const spaceEnd = (start: number, runStop: number, end: number): number =>
  runStop === end || runStop - start === 1 ? runStop : runStop - 1;

function scanGpt2(units: Uint16Array, start: number, end: number): number {
  const unit = units[start];
  if (unit === APOSTROPHE) {
    const length = contraction(units, start, end, 0);
    if (length > 0) return start + length;
  }
  const body = unit === BLANK && start + 1 < end ? start + 1 : start;
  const bodyClass = classAt(units, body, end);
  if (bodyClass < SPACE) return runEnd(units, body, end, bodyClass);
  let stop = start;
  while (stop < end && isSpace(UNIT_CLASSES[units[stop]])) stop++;
  return spaceEnd(start, stop, end);
}

const isSpace = (unitClass: number): boolean => unitClass === SPACE || unitClass === NEWLINE;

function scanGpt4(units: Uint16Array, start: number, end: number, digits: number): number {
  const unit = units[start];
  const firstClass = classAt(units, start, end);
  if (firstClass === LETTER) return runEnd(units, start, end, LETTER);
  if (unit === APOSTROPHE) {
    const length = contraction(units, start, end, 0x20);
    if (length > 0) return start + length;
  }
  const next = start + (UNIT_CLASSES[unit] === HIGH_SURROGATE && isLowSurrogate(units, start + 1, end) ? 2 : 1);
  if (firstClass === NUMBER) {
    let stop = next;
    for (let count = 1; count < digits && stop < end && classAt(units, stop, end) === NUMBER; count++) {
      stop += UNIT_CLASSES[units[stop]] === HIGH_SURROGATE ? 2 : 1;
    }
    return stop;
  }
  const nextClass = next < end ? classAt(units, next, end) : -1;
  if (firstClass !== NEWLINE && nextClass === LETTER) return runEnd(units, next, end, LETTER);
  if (firstClass === OTHER || (unit === BLANK && nextClass === OTHER)) {
    const stop = runEnd(units, firstClass === OTHER ? start : next, end, OTHER);
    return runEnd(units, stop, end, NEWLINE);
  }
  let stop = start;
  let afterNewline = start;
  while (stop < end && isSpace(UNIT_CLASSES[units[stop]])) {
    if (UNIT_CLASSES[units[stop++]] === NEWLINE) afterNewline = stop;
  }
  return afterNewline > start ? afterNewline : spaceEnd(start, stop, end);
}
