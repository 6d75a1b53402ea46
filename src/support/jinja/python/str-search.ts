/** Methods of Python's str that look for text in it and take it apart. */
import { typeError, valueError } from '../errors.ts';
import { intArgument, like, type Method, type Methods, method, textArgument } from './signature.ts';
import { codePoints, length, pointIndex, slice, splitLines, splitSpace, trimEnd, trimStart } from './text.ts';
import { isStr, type Markup, Tuple, textOf, typeName, type Value } from './values.ts';

type Str = string | Markup;

const optionalText = (value: Value | undefined): string | undefined =>
  value === undefined || value === null ? undefined : textArgument(value);
const optionalInt = (value: Value | undefined, fallback: number): number =>
  value === undefined ? fallback : intArgument(value);

/** The part of a text that `start` and `end` name, and where it begins. */
function part(
  text: string,
  start: Value | undefined,
  end: Value | undefined,
): { within: string; offset: number } | null {
  const size = length(text);
  const clamp = (value: Value | undefined, fallback: number): number => {
    if (value === undefined || value === null) return fallback;
    const index = intArgument(value);
    return Math.max(index < 0 ? index + size : index, 0);
  };
  const from = clamp(start, 0);
  const to = Math.min(clamp(end, size), size);
  return from > to || from > size ? null : { within: slice(text, from, to), offset: from };
}

const finder = (isLast: boolean, mustFind: boolean): Method<Str> =>
  method('sub start? end? /', (self, sub, start, end) => {
    const found = part(textOf(self), start, end);
    const wanted = textArgument(sub);
    const at = found ? (isLast ? found.within.lastIndexOf(wanted) : found.within.indexOf(wanted)) : -1;
    if (at >= 0) return BigInt(found!.offset + pointIndex(found!.within, at));
    if (mustFind) throw valueError('substring not found');
    return -1n;
  });

const affix = (isSuffix: boolean): Method<Str> =>
  method('affix start? end? /', (self, affixes, start, end) => {
    const found = part(textOf(self), start, end);
    const texts: readonly Value[] = affixes instanceof Tuple ? affixes.items : [affixes];
    return texts.some(value => {
      if (!isStr(value)) throw typeError(`first arg must be str or a tuple of str, not ${typeName(value)}`);
      if (!found) return false;
      return isSuffix ? found.within.endsWith(textOf(value)) : found.within.startsWith(textOf(value));
    });
  });

const strip = (left: boolean, right: boolean): Method<Str> =>
  method('chars? /', (self, chars) => {
    const given = optionalText(chars);
    const stripped = given === undefined ? undefined : new Set(given);
    const isTrimmed = stripped && ((char: string): boolean => stripped.has(char));
    const text = left ? trimStart(textOf(self), isTrimmed) : textOf(self);
    return like(self, right ? trimEnd(text, isTrimmed) : text);
  });

const partition = (isLast: boolean): Method<Str> =>
  method('sep /', (self, sep) => {
    const [text, separator] = [textOf(self), textArgument(sep)];
    if (separator === '') throw valueError('empty separator');
    const at = isLast ? text.lastIndexOf(separator) : text.indexOf(separator);
    const [before, middle, after] =
      at >= 0
        ? [text.slice(0, at), separator, text.slice(at + separator.length)]
        : isLast
          ? ['', '', text]
          : [text, '', ''];
    return new Tuple([like(self, before), like(self, middle), like(self, after)]);
  });

/** Splits at a separator, at most `most` times. */
function splitAt(text: string, separator: string, most: number): string[] {
  if (separator === '') throw valueError('empty separator');
  const parts = text.split(separator);
  return parts.length - 1 <= most ? parts : [...parts.slice(0, most), parts.slice(most).join(separator)];
}

const reversed = (text: string): string => Array.from(text).reverse().join('');

/** The same from the right. */
const splitFromEnd = (text: string, split: (text: string) => string[]): string[] =>
  split(reversed(text)).map(reversed).reverse();

const split = (isFromEnd: boolean): Method<Str> =>
  method('sep? maxsplit?', (self, sep, maxsplit) => {
    const separator = optionalText(sep);
    const wanted = optionalInt(maxsplit, -1);
    const most = wanted < 0 ? Number.POSITIVE_INFINITY : wanted;
    const cut = (text: string, by: string | undefined): string[] =>
      by === undefined ? splitSpace(text, most) : splitAt(text, by, most);
    const text = textOf(self);
    const isReversed = isFromEnd && most !== Number.POSITIVE_INFINITY;
    const parts = isReversed
      ? splitFromEnd(text, backward => cut(backward, separator && reversed(separator)))
      : cut(text, separator);
    return parts.map(piece => like(self, piece));
  });

export const STR_SEARCH: Methods<Str> = {
  find: finder(false, false),
  index: finder(false, true),
  rfind: finder(true, false),
  rindex: finder(true, true),
  count: method('sub start? end? /', (self, sub, start, end) => {
    const found = part(textOf(self), start, end);
    const wanted = textArgument(sub);
    if (!found) return 0n;
    return BigInt(wanted === '' ? length(found.within) + 1 : found.within.split(wanted).length - 1);
  }),
  startswith: affix(false),
  endswith: affix(true),
  strip: strip(true, true),
  lstrip: strip(true, false),
  rstrip: strip(false, true),
  removeprefix: method('prefix /', (self, prefix) => {
    const [text, cut] = [textOf(self), textArgument(prefix)];
    return like(self, text.startsWith(cut) ? text.slice(cut.length) : text);
  }),
  removesuffix: method('suffix /', (self, suffix) => {
    const [text, cut] = [textOf(self), textArgument(suffix)];
    return like(self, cut && text.endsWith(cut) ? text.slice(0, -cut.length) : text);
  }),
  partition: partition(false),
  rpartition: partition(true),
  split: split(false),
  rsplit: split(true),
  splitlines: method('keepends?', (self, keepEnds) =>
    splitLines(textOf(self), Boolean(keepEnds)).map(line => like(self, line)),
  ),
};

/** `str.replace`: the first `most` occurrences; an empty text is found between all characters. */
export function replaceText(text: string, old: string, by: string, most = -1): string {
  if (most < 0) return old === '' ? between(text, by, length(text) + 1) : text.split(old).join(by);
  if (old === '') return between(text, by, most);
  const parts = splitAt(text, old, most);
  return parts.join(by);
}

function between(text: string, by: string, most: number): string {
  const points = Array.from(codePoints(text));
  const pieces = points.map((char, i) => (i < most ? by + char : char));
  return pieces.join('') + (points.length < most ? by : '');
}
