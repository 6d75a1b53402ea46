/** `text % values`: Python's printf-style formatting. */
import { typeError, valueError } from '../errors.ts';
import { Dict } from './dict.ts';
import { escapeHtml, escapeText } from './escape.ts';
import { floatBody, intBody } from './format-number.ts';
import { ascii, repr, str } from './repr.ts';
import { item } from './subscript.ts';
import { length, slice } from './text.ts';
import { toFloat } from './to-float.ts';
import {
  Bytes,
  isInt,
  isNumber,
  isStr,
  Markup,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

const DIRECTIVE = /%(?:\(((?:[^()]|\([^()]*\))*)\))?([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?[hlL]?(.)/gsu;

const MOST_WIDTH = 1_000_000;

/** The values in the order that the directives ask for them. */
class Arguments {
  #next = 0;
  readonly #isSingle: boolean;
  constructor(readonly values: Value) {
    this.#isSingle = !(values instanceof Tuple);
  }

  next(): Value {
    const index = this.#next++;
    if (this.values instanceof Tuple && index < this.values.items.length) return this.values.items[index];
    if (this.#isSingle && index === 0) return this.values;
    throw typeError('not enough arguments for format string');
  }

  named(key: string): Value {
    if (!this.isMapping) throw typeError('format requires a mapping');
    if (this.values instanceof Undefined) throw this.values.reason();
    const value = item(this.values, key);
    if (value === undefined) throw valueError(`KeyError: ${repr(key)}`);
    this.#next = 1;
    return value;
  }

  /** Whatever can be subscribed counts: what a mapping holds need not all be used. */
  get isMapping(): boolean {
    const { values } = this;
    const kinds = [Dict, Range, Bytes, Undefined];
    return Array.isArray(values) || kinds.some(kind => values instanceof kind);
  }

  get areUsed(): boolean {
    return this.isMapping || this.#next >= (this.values instanceof Tuple ? this.values.items.length : 1);
  }
}

export function percentFormat(template: string | Markup, values: Value): Value {
  const escapes = template instanceof Markup;
  const args = new Arguments(values);
  const text = textOf(template);
  let formatted = '';
  let from = 0;
  DIRECTIVE.lastIndex = 0;
  for (let at = text.indexOf('%'); at >= 0; at = text.indexOf('%', from)) {
    DIRECTIVE.lastIndex = at;
    const match = DIRECTIVE.exec(text);
    if (match?.index !== at) throw valueError('incomplete format');
    const [directive, key, flags, width, precision, kind] = match;
    formatted += text.slice(from, at);
    from = at + directive.length;
    if (kind === '%') {
      formatted += '%';
      continue;
    }
    const named = key === undefined ? undefined : args.named(key);
    const field = {
      flags,
      width: size(width, args),
      precision: precision === undefined ? undefined : size(precision, args),
      kind,
      escapes,
    };
    formatted += formatField(named ?? (key === undefined ? args.next() : null), field);
  }
  if (!args.areUsed) throw typeError('not all arguments converted during string formatting');
  formatted += text.slice(from);
  return escapes ? new Markup(formatted) : formatted;
}

function size(text: string, args: Arguments): number {
  const value = text === '*' ? args.next() : BigInt(text || '0');
  if (!isInt(value)) throw typeError('* wants int');
  if (Number(value) > MOST_WIDTH) throw valueError('width too big');
  return Number(value);
}

interface Field {
  flags: string;
  width: number;
  precision: number | undefined;
  kind: string;
  escapes: boolean;
}

function formatField(value: Value, field: Field): string {
  const { kind, precision, escapes } = field;
  switch (kind) {
    case 's':
      return padded('', cut(escapes ? escapeHtml(value).text : str(value), precision), field, false);
    case 'r':
      return padded('', cut(escapes ? escapeText(repr(value)) : repr(value), precision), field, false);
    case 'a':
      return padded('', cut(ascii(value), precision), field, false);
    case 'c':
      return padded('', char(value), field, false);
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
      return intField(value, field);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return floatField(value, field);
    default:
      throw valueError(`unsupported format character '${kind}'`);
  }
}

const cut = (text: string, precision: number | undefined): string =>
  precision === undefined ? text : slice(text, 0, Math.min(precision, length(text)));

function char(value: Value): string {
  if (isInt(value)) return String.fromCodePoint(Number(value));
  if (isStr(value) && length(textOf(value)) === 1) return textOf(value);
  throw typeError('%c requires int or char');
}

function intField(value: Value, field: Field): string {
  const { kind } = field;
  if (value instanceof Undefined) throw value.reason();
  if (!isInt(value) && (typeof value !== 'number' || 'oxX'.includes(kind))) {
    throw typeError(
      `%${kind} format: ${'oxX'.includes(kind) ? 'an integer' : 'a real number'} is required, not ${typeName(value)}`,
    );
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw valueError(`cannot convert float ${value} to integer`);
  const int = typeof value === 'number' ? BigInt(Math.trunc(value)) : BigInt(value);
  const { digits, prefix } = intBody(int, kind);
  const body = digits.padStart(field.precision ?? 0, '0');
  return padded(sign(int < 0n, field) + (field.flags.includes('#') ? prefix : ''), body, field, true);
}

function floatField(value: Value, field: Field): string {
  if (value instanceof Undefined) throw value.reason();
  if (!isNumber(value)) throw typeError(`must be real number, not ${typeName(value)}`);
  const float = toFloat(value);
  const kind = field.kind.toLowerCase() as 'e' | 'f' | 'g';
  const body = floatBody(float, { kind, precision: field.precision ?? 6, isAlternate: field.flags.includes('#') });
  const isNegative = float < 0 || Object.is(float, -0);
  return padded(sign(isNegative, field), kind === field.kind ? body : body.toUpperCase(), field, true);
}

const sign = (isNegative: boolean, { flags }: Field): string =>
  isNegative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';

function padded(before: string, body: string, { flags, width }: Field, isNumeric: boolean): string {
  const room = Math.max(Math.abs(width) - length(before + body), 0);
  if (flags.includes('-') || width < 0) return before + body + ' '.repeat(room);
  return isNumeric && flags.includes('0') ? before + '0'.repeat(room) + body : ' '.repeat(room) + before + body;
}
