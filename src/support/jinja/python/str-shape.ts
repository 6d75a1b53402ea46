/** Methods of Python's str that change its letters or its width, and those that ask what it is made of. */
import { typeError, valueError } from '../errors.ts';
import { Dict } from './dict.ts';
import { escapeHtml } from './escape.ts';
import { items } from './iterate.ts';
import { isPrintable } from './repr.ts';
import { intArgument, like, type Method, type Methods, method, textArgument } from './signature.ts';
import { replaceText } from './str-search.ts';
import { length } from './text.ts';
import * as unicode from './unicode.ts';
import { Bytes, isInt, isStr, Markup, textOf, typeName, type Value } from './values.ts';

type Str = string | Markup;

const MOST_WIDTH = 100_000_000;

const mapped = (change: (text: string) => string): Method<Str> => method('/', self => like(self, change(textOf(self))));
const asks = (test: (text: string) => boolean): Method<Str> => method('/', self => test(textOf(self)));

/** @param share how much of the room goes to the left */
const justified = (share: (room: number, width: number) => number): Method<Str> =>
  method('width fillchar? /', (self, width, fillchar) => {
    const text = textOf(self);
    const fill = fillchar === undefined ? ' ' : textArgument(fillchar);
    if (length(fill) !== 1) throw typeError('The fill character must be exactly one character long');
    const filler = self instanceof Markup ? escapeHtml(fill).text : fill;
    const columns = intArgument(width);
    if (columns > MOST_WIDTH) throw valueError(`a width of more than ${MOST_WIDTH} is too large`);
    const room = Math.max(columns - length(text), 0);
    const left = share(room, columns);
    return like(self, filler.repeat(left) + text + filler.repeat(room - left));
  });

/** What joins HTML is escaped. */
function joinTexts(self: Str, values: Value): Str {
  const texts = Array.from(items(values), (value, i) => {
    if (self instanceof Markup) return escapeHtml(value).text;
    if (isStr(value)) return textOf(value);
    throw typeError(`sequence item ${i}: expected str instance, ${typeName(value)} found`);
  });
  return like(self, texts.join(textOf(self)));
}

function expandTabs(text: string, size: number): string {
  let column = 0;
  return Array.from(text, char => {
    if (char === '\t') {
      const room = size > 0 ? size - (column % size) : 0;
      column += room;
      return ' '.repeat(room);
    }
    column = char === '\n' || char === '\r' ? 0 : column + 1;
    return char;
  }).join('');
}

function translate(text: string, table: Value): string {
  if (!(table instanceof Dict)) throw typeError(`'${typeName(table)}' object is not a table of characters`);
  return Array.from(text, char => {
    const to = table.get(BigInt(char.codePointAt(0)!));
    if (to === undefined) return char;
    if (to === null) return '';
    return isInt(to) ? String.fromCodePoint(Number(to)) : textArgument(to);
  }).join('');
}

function makeTable(from: Value, to: Value | undefined, removed: Value | undefined): Dict {
  const code = (char: string): bigint => BigInt(char.codePointAt(0)!);
  if (to === undefined) {
    if (!(from instanceof Dict)) throw typeError('if you give only one argument to maketrans it must be a dict');
    return Dict.of(Array.from(from.entries(), ([key, value]) => [isStr(key) ? code(textOf(key)) : key, value]));
  }
  const [sources, targets] = [Array.from(textArgument(from)), Array.from(textArgument(to))];
  if (sources.length !== targets.length) throw valueError('the first two maketrans arguments must have equal length');
  const table = Dict.of(sources.map((char, i) => [code(char), code(targets[i])]));
  for (const char of removed === undefined ? '' : textArgument(removed)) table.set(code(char), null);
  return table;
}

export const STR_SHAPE: Methods<Str> = {
  upper: mapped(text => text.toUpperCase()),
  lower: mapped(text => text.toLowerCase()),
  capitalize: mapped(unicode.capitalize),
  title: mapped(unicode.title),
  swapcase: mapped(unicode.swapCase),
  casefold: mapped(unicode.caseFold),
  center: justified((room, width) => (room >> 1) + (room & width & 1)),
  ljust: justified(() => 0),
  rjust: justified(room => room),
  zfill: method('width /', (self, width) => {
    const [, sign, digits] = /^([-+]?)(.*)$/s.exec(textOf(self))!;
    const columns = intArgument(width);
    if (columns > MOST_WIDTH) throw valueError(`a width of more than ${MOST_WIDTH} is too large`);
    return like(self, sign + '0'.repeat(Math.max(columns - length(sign + digits), 0)) + digits);
  }),
  expandtabs: method('tabsize?', (self, size) =>
    like(self, expandTabs(textOf(self), size === undefined ? 8 : intArgument(size))),
  ),
  replace: method('old new count? /', (self, old, by, count) => {
    const replacement = self instanceof Markup ? escapeHtml(by).text : textArgument(by);
    const most = count === undefined ? -1 : intArgument(count);
    return like(self, replaceText(textOf(self), textArgument(old), replacement, most));
  }),
  join: method('iterable /', (self, values) => joinTexts(self, values)),
  translate: method('table /', (self, table) => like(self, translate(textOf(self), table))),
  maketrans: method('x y? z? /', (_, from, to, removed) => makeTable(from, to, removed)),
  encode: method('encoding? errors?', (self, encoding) => {
    const name = encoding === undefined ? 'utf-8' : textArgument(encoding).toLowerCase();
    if (name === 'utf-8' || name === 'utf8') return new Bytes(new TextEncoder().encode(textOf(self)));
    if (name === 'ascii' && !/[^\0-\x7f]/.test(textOf(self))) return new Bytes(Buffer.from(textOf(self), 'latin1'));
    const isLatin = /^(latin-?1|iso-8859-1)$/.test(name) && !/[^\0-\xff]/.test(textOf(self));
    if (isLatin) return new Bytes(Buffer.from(textOf(self), 'latin1'));
    throw valueError(`encoding to ${name} is not supported for this text`);
  }),
  isalpha: asks(unicode.isAlpha),
  isalnum: asks(unicode.isAlnum),
  isascii: asks(text => !/[^\0-\x7f]/.test(text)),
  isdecimal: asks(unicode.isDecimal),
  isdigit: asks(unicode.isDigit),
  isidentifier: asks(unicode.isIdentifier),
  islower: asks(unicode.isLower),
  isnumeric: asks(unicode.isNumeric),
  isprintable: asks(text => Array.from(text).every(isPrintable)),
  isspace: asks(unicode.isSpaceText),
  istitle: asks(unicode.isTitle),
  isupper: asks(unicode.isUpper),
};
