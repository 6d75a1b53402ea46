/** The filter `urlize`: links around the addresses in a text. */
import { valueError } from '../errors.ts';
import { truth } from '../python/compare.ts';
import { escapeHtml, escapeText } from '../python/escape.ts';
import { items } from '../python/iterate.ts';
import { intArgument, textArgument } from '../python/signature.ts';
import { length, SPACE, slice } from '../python/text.ts';
import { isStr, Markup, textOf, type Value } from '../python/values.ts';
import { type Filter, filter } from './filter.ts';

const W = '\\p{L}\\p{N}_';
const HOST = `(?:(?:https?://|www\\.)(?:(?:[${W}%-]+\\.)+)?(?:[a-z]{2,63}|xn--[${W}%]{2,59})`;
const BASIC = `(?:[${W}%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)`;
const NUMBERS = 'https?://(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[(?:[\\da-f]{0,4}:){2}(?:[\\da-f]{0,4}:?){1,6}\\])';
const HTTP = new RegExp(`^${HOST}|${BASIC}|${NUMBERS})(?::\\d{1,5})?(?:[/?#]\\S*)?$`, 'iu');
const EMAIL = new RegExp(`^\\S+@[${W}][${W}.-]*\\.[${W}]+$`, 'u');
const SCHEME = new RegExp(`^[${W}.+-]{2,}:/{0,2}$`, 'u');

interface LinkOptions {
  limit: number | undefined;
  /** ` rel="…" target="…"`. */
  attributes: string;
  schemes: readonly string[];
}

const occurrences = (text: string, part: string): number => text.split(part).length - 1;

/** A word without the brackets before it, and without what ends a sentence after it. */
function parted(word: string): [head: string, middle: string, tail: string] {
  const head = /^(?:[(<]|&lt;)+/.exec(word)?.[0] ?? '';
  let middle = word.slice(head.length);
  let end = middle.length;
  while (end > 0) {
    if (')>.,\n'.includes(middle[end - 1])) end--;
    else if (middle.endsWith('&gt;', end)) end -= 4;
    else break;
  }
  let tail = middle.slice(end);
  middle = middle.slice(0, end);
  for (const [open, close] of [
    ['(', ')'],
    ['<', '>'],
    ['&lt;', '&gt;'],
  ]) {
    const opened = occurrences(middle, open);
    if (opened <= occurrences(middle, close)) continue;
    for (let i = Math.min(opened, occurrences(tail, close)); i > 0; i--) {
      const at = tail.indexOf(close) + close.length;
      middle += tail.slice(0, at);
      tail = tail.slice(at);
    }
  }
  return [head, middle, tail];
}

function linked(word: string, { limit, attributes, schemes }: LinkOptions): string {
  const shown = limit !== undefined && length(word) > limit ? `${slice(word, 0, limit)}...` : word;
  if (HTTP.test(word)) {
    const address = /^https?:\/\//.test(word) ? word : `https://${word}`;
    return `<a href="${address}"${attributes}>${shown}</a>`;
  }
  if (word.startsWith('mailto:') && EMAIL.test(word.slice(7))) return `<a href="${word}">${word.slice(7)}</a>`;
  const isEmail = word.includes('@') && !/^(?:www\.|@)/.test(word) && !word.includes(':') && EMAIL.test(word);
  if (isEmail) return `<a href="mailto:${word}">${word}</a>`;
  return schemes.reduce(
    (text, scheme) =>
      text !== scheme && text.startsWith(scheme) ? `<a href="${text}"${attributes}>${text}</a>` : text,
    word,
  );
}

/** Everything in `rel` once, in order; Jinja always has `noopener`. */
function relOf(rel: Value, isNofollow: boolean): string {
  const given = rel === null ? [] : textArgument(rel).split(/\s+/).filter(Boolean);
  return [...new Set([...given, ...(isNofollow ? ['nofollow'] : []), 'noopener'])].sort().join(' ');
}

const SPACES = new RegExp(`([${SPACE}]+)`);

export const urlize: Filter = filter(
  'urlize',
  'value trim_url_limit? nofollow? target? rel? extra_schemes?',
  (context, value, limit = null, nofollow = false, target = null, rel = null, schemes = null) => {
    const extra = schemes === null ? [] : Array.from(items(schemes), textArgument);
    const wrong = extra.find(scheme => !SCHEME.test(scheme));
    if (wrong !== undefined) throw valueError(`'${wrong}' is not a valid URI scheme prefix.`);
    const options = {
      limit: limit === null ? undefined : intArgument(limit),
      attributes:
        ` rel="${escapeText(relOf(rel, truth(nofollow)))}"` +
        (isStr(target) && textOf(target) ? ` target="${escapeText(textOf(target))}"` : ''),
      schemes: extra,
    };
    const words = escapeHtml(value)
      .text.split(SPACES)
      .map(word => {
        const [head, middle, tail] = parted(word);
        return head + linked(middle, options) + tail;
      });
    return context.escapes ? new Markup(words.join('')) : words.join('');
  },
);
