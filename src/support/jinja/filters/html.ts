/** Filters that make HTML and addresses of text. */
import { decodeHTML } from 'entities';
import { typeError, valueError } from '../errors.ts';
import { truth } from '../python/compare.ts';
import { Dict } from '../python/dict.ts';
import { escapeHtml, escapeText } from '../python/escape.ts';
import { isIterable, items, toList } from '../python/iterate.ts';
import { str } from '../python/repr.ts';
import { splitSpace } from '../python/text.ts';
import { isStr, Markup, textOf, typeName, Undefined, type Value } from '../python/values.ts';
import { type Filter, filter } from './filter.ts';
import { urlize } from './urlize.ts';

const escaped: Filter = filter('escape', 's /', (_, value) => escapeHtml(value));

/** Comments first, since a tag in one does not count. */
function stripTags(text: string): string {
  const plain = without(without(text, '<!--', '-->'), '<', '>');
  return decodeHTML(splitSpace(plain).join(' '));
}

function without(text: string, open: string, close: string): string {
  let kept = '';
  let from = 0;
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, from)) {
    const end = text.indexOf(close, start);
    if (end < 0) break;
    kept += text.slice(from, start);
    from = end + close.length;
  }
  return kept + text.slice(from);
}

function attributes(value: Value, hasSpace: boolean): string {
  if (!(value instanceof Dict)) throw typeError(`'${typeName(value)}' object has no attribute 'items'`);
  const parts: string[] = [];
  for (const [key, item] of value.entries()) {
    if (item === null || item instanceof Undefined) continue;
    if (!isStr(key)) throw typeError('expected string or bytes-like object');
    if (/[ \t-\r/>=]/.test(textOf(key))) throw valueError(`Invalid character in attribute name: '${textOf(key)}'`);
    parts.push(`${escapeHtml(key).text}="${escapeHtml(item).text}"`);
  }
  return (hasSpace && parts.length > 0 ? ' ' : '') + parts.join(' ');
}

function quoteUrl(value: Value, isQuery: boolean): string {
  const text = encodeURIComponent(str(value)).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return isQuery ? text.replaceAll('%20', '+') : text.replaceAll('%2F', '/');
}

function urlencode(value: Value): string {
  if (isStr(value) || !isIterable(value)) return quoteUrl(value, false);
  const pairs = value instanceof Dict ? [...value.entries()] : Array.from(items(value), toList);
  return pairs
    .map(pair => {
      if (pair.length !== 2)
        throw valueError(`not enough or too many values to unpack (expected 2, got ${pair.length})`);
      return `${quoteUrl(pair[0], true)}=${quoteUrl(pair[1], true)}`;
    })
    .join('&');
}

export const HTML_FILTERS: Record<string, Filter> = {
  escape: escaped,
  e: escaped,
  forceescape: filter('forceescape', 'value', (_, value) => new Markup(escapeText(str(value)))),
  safe: filter('safe', 'value', (_, value) => new Markup(str(value))),
  striptags: filter('striptags', 'value', (_, value) => stripTags(str(value))),
  xmlattr: filter('xmlattr', 'd autospace?', (context, value, autospace = true) => {
    const text = attributes(value, truth(autospace));
    return context.escapes ? new Markup(text) : text;
  }),
  urlencode: filter('urlencode', 'value', (_, value) => urlencode(value)),
  urlize,
};
