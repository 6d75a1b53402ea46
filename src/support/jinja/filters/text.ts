/** Filters of text. */
import { TemplateError, typeError } from '../errors.ts';
import { truth } from '../python/compare.ts';
import { Dict } from '../python/dict.ts';
import { escapeHtml } from '../python/escape.ts';
import { percentFormat } from '../python/format-percent.ts';
import { lengthOf } from '../python/iterate.ts';
import { str } from '../python/repr.ts';
import { intArgument, like, textArgument } from '../python/signature.ts';
import { replaceText, STR_SEARCH } from '../python/str-search.ts';
import { STR_SHAPE } from '../python/str-shape.ts';
import { length, slice, splitLines } from '../python/text.ts';
import { isStr, Markup, Tuple, textOf, typeName, type Value } from '../python/values.ts';
import { type Filter, type FilterContext, filter, softStr } from './filter.ts';

const FIRST_OF_WORD = /([-\s\x1c-\x1f\x85({[<]+)/;

/** Capitals after spaces and brackets alone, other than Python's `str.title`. */
const title = (text: string): string =>
  text
    .split(FIRST_OF_WORD)
    .map(word => {
      const [first = '', ...rest] = word;
      return first.toUpperCase() + rest.join('').toLowerCase();
    })
    .join('');

function indent(value: Value, width: Value, first: boolean, blank: boolean): Value {
  if (!isStr(value)) throw typeError(`unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`);
  const indention = isStr(width) ? textOf(width) : ' '.repeat(Math.max(intArgument(width), 0));
  const lines = splitLines(`${textOf(value)}\n`);
  const rest = lines.slice(1).map(line => (line || blank ? indention + line : line));
  return like(value, (first ? indention : '') + [lines[0], ...rest].join('\n'));
}

function truncate(value: Value, size: number, killsWords: boolean, end: string, leeway: number): Value {
  if (size < length(end)) throw new TemplateError(`expected length >= ${length(end)}, got ${size}`);
  if (leeway < 0) throw new TemplateError(`expected leeway >= 0, got ${leeway}`);
  const has = lengthOf(value);
  if (has === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  if (has <= size + leeway) return value;
  if (!isStr(value)) throw typeError(`'${typeName(value)}' object cannot be truncated`);
  const kept = slice(textOf(value), 0, size - length(end));
  const space = kept.lastIndexOf(' ');
  return like(value, (killsWords || space < 0 ? kept : kept.slice(0, space)) + end);
}

function replace(context: FilterContext, value: Value, old: Value, by: Value, count: Value): Value {
  const most = count === null ? -1 : intArgument(count);
  if (!context.escapes) return replaceText(str(value), str(old), str(by), most);
  const isHtml = old instanceof Markup || (by instanceof Markup && !(value instanceof Markup));
  const text = isHtml ? escapeHtml(value) : softStr(value);
  const replacement = text instanceof Markup ? escapeHtml(softStr(by)).text : str(by);
  return like(text, replaceText(textOf(text), str(old), replacement, most));
}

const format: Filter = (_, [value, ...args], kwargs) => {
  if (args.length > 0 && kwargs.size > 0) {
    throw typeError("can't handle positional and keyword arguments at the same time");
  }
  return percentFormat(softStr(value), kwargs.size > 0 ? Dict.of(kwargs) : new Tuple(args));
};

const isTrue = (value: Value | undefined): boolean => value !== undefined && truth(value);

/** A filter that is a method of the value's text. */
const changed = (name: string, body: (text: string) => string): Filter =>
  filter(name, 's', (_, value) => like(softStr(value), body(str(value))));

export const TEXT_FILTERS: Record<string, Filter> = {
  upper: changed('upper', text => text.toUpperCase()),
  lower: changed('lower', text => text.toLowerCase()),
  capitalize: filter('capitalize', 's', (_, value) => STR_SHAPE.capitalize.body(softStr(value))),
  title: filter('title', 's', (_, value) => title(str(value))),
  trim: filter('trim', 'value chars?', (_, value, chars) => STR_SEARCH.strip.body(softStr(value), chars)),
  center: filter('center', 'value width?', (_, value, width = 80n) => STR_SHAPE.center.body(softStr(value), width)),
  string: filter('string', 's /', (_, value) => softStr(value)),
  format,
  replace: filter('replace', 's old new count?', (context, value, old, by, count = null) =>
    replace(context, value, old, by, count),
  ),
  indent: filter('indent', 's width? first? blank?', (_, value, width = 4n, first, blank) =>
    indent(value, width, isTrue(first), isTrue(blank)),
  ),
  truncate: filter(
    'truncate',
    's length? killwords? end? leeway?',
    (_, value, size = 255n, kills, end = '...', leeway) =>
      truncate(value, intArgument(size), isTrue(kills), textArgument(end), leeway == null ? 5 : intArgument(leeway)),
  ),
  wordcount: filter('wordcount', 's', (_, value) => BigInt(str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0)),
};
