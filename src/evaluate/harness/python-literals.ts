/** Values as Python writes them: read by `ast.literal_eval`, written by `str` and `json.dumps`. */

import { UserError } from '../../support/errors.ts';
import { Dict } from '../../support/jinja/python/dict.ts';
import { floatRepr } from '../../support/jinja/python/float.ts';
import { Float, fromJs } from '../../support/jinja/python/from-js.ts';
import { str } from '../../support/jinja/python/repr.ts';

/** A Python literal: texts, numbers, lists, tuples and sets (as lists), dicts, True, False, None. */
export type Literal = null | boolean | number | bigint | string | Float | Literal[] | { [key: string]: Literal };

/** @throws UserError for what is no literal */
export function literalEval(text: string): Literal {
  const reader = new Reader(text.replace(/^[ \t]+/, ''), text);
  const value = reader.value();
  reader.end();
  return value;
}

class Reader {
  readonly #text: string;
  readonly #whole: string;
  #at = 0;

  constructor(text: string, whole: string) {
    this.#text = text;
    this.#whole = whole;
  }

  value(): Literal {
    this.#space();
    const char = this.#text[this.#at];
    if (char === '[') return this.#sequence(']').items;
    if (char === '(') {
      const { items, hasComma } = this.#sequence(')');
      return items.length === 1 && !hasComma ? items[0] : items;
    }
    if (char === '{') return this.#braces();
    if (/^(?:[rRbBuU]|[rR][bB]|[bB][rR])?['"]/.test(this.#text.slice(this.#at, this.#at + 3))) return this.#strings();
    const word = this.#take(/^(?:True|False|None)\b/);
    if (word) return word === 'None' ? null : word === 'True';
    const sign = this.#take(/^[+-]\s*/) ?? '';
    const number = this.#take(
      /^(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?)/,
    );
    if (number === undefined) throw this.#malformed();
    const digits = number.replaceAll('_', '');
    const isFloat = /[.eE]/.test(digits) && !/^0[xX]/.test(digits);
    if (!isFloat && /^0\d/.test(digits) && /[1-9]/.test(digits)) throw this.#malformed();
    const negative = sign.startsWith('-');
    if (isFloat) return wrapFloat(negative ? -Number(digits) : Number(digits));
    const exact = negative ? -BigInt(digits) : BigInt(digits);
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#malformed();
  }

  #space(): void {
    while (this.#take(/^(?:[ \t\r\n\f]+|#[^\n]*|\\\n)/) !== undefined);
  }

  #take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.#text.slice(this.#at))?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #sequence(close: string): { items: Literal[]; hasComma: boolean } {
    this.#at++;
    const items: Literal[] = [];
    let hasComma = false;
    for (;;) {
      this.#space();
      if (this.#text[this.#at] === close) break;
      if (items.length > 0 && !hasComma) throw this.#malformed();
      items.push(this.value());
      this.#space();
      hasComma = this.#take(/^,/) !== undefined;
    }
    this.#at++;
    return { items, hasComma };
  }

  #braces(): Literal {
    this.#at++;
    const items: [Literal, Literal | undefined][] = [];
    let hasComma = true;
    for (;;) {
      this.#space();
      if (this.#take(/^\}/)) break;
      if (!hasComma) throw this.#malformed();
      const key = this.value();
      this.#space();
      items.push([key, this.#take(/^:/) ? this.value() : undefined]);
      this.#space();
      hasComma = this.#take(/^,/) !== undefined;
    }
    const isSet = items.length > 0 && items[0][1] === undefined;
    if (items.some(([, value]) => (value === undefined) !== isSet)) throw this.#malformed();
    return isSet ? items.map(([item]) => item) : Object.fromEntries(items.map(([key, value]) => [String(key), value!]));
  }

  /** Texts that follow each other are one. */
  #strings(): string {
    let result = '';
    for (;;) {
      const prefix = this.#take(/^[rRuU]?(?=['"])/);
      if (prefix === undefined) return result;
      const quote = this.#take(/^(?:'''|"""|'|")/)!;
      const end = this.#endOf(quote);
      const inner = this.#text.slice(this.#at, end);
      if (quote.length === 1 && /(?<!\\)\n/.test(inner)) throw this.#malformed();
      result += /[rR]/.test(prefix) ? inner : unescaped(inner, () => this.#malformed());
      this.#at = end + quote.length;
      this.#space();
    }
  }

  #endOf(quote: string): number {
    for (let at = this.#at; at < this.#text.length; at++) {
      if (this.#text[at] === '\\') at++;
      else if (this.#text.startsWith(quote, at)) return at;
    }
    throw this.#malformed();
  }

  #malformed(): UserError {
    const shown = this.#whole.length > 60 ? `${this.#whole.slice(0, 60)}…` : this.#whole;
    return new UserError('TSLM_NOT_A_LITERAL', `${JSON.stringify(shown)} is no Python literal`, {
      hint: "a template that is to give a list prints one: {{ ['a', 'b'] }}",
    });
  }
}

const SIMPLE: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', '\n': '' };

const unescaped = (text: string, malformed: () => Error): string =>
  text.replace(
    /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{1,3})|([\s\S]))/g,
    (whole, x, u, long, octal, other) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const hex = x ?? u ?? long;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (/[xuUN]/.test(other)) throw malformed();
      return SIMPLE[other] ?? (/['"\\]/.test(other) ? other : whole);
    },
  );

/** A float stays one although it is whole. */
export const wrapFloat = (value: number): number | Float => (Number.isInteger(value) ? new Float(value) : value);

/** Python's `str()`. */
export const pythonStr = (value: unknown): string => String(str(fromJs(value)));

/** `json.dumps(value, indent=2, ensure_ascii=False)` */
export function pythonJson(value: unknown, indent = ''): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return jsonString(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) < 1e21 ? BigInt(value).toString() : floatText(value);
  const deeper = `${indent}  `;
  const [open, close, items] = Array.isArray(value)
    ? ['[', ']', value.map(item => pythonJson(item, deeper))]
    : ['{', '}', entriesOf(value).map(([key, item]) => `${jsonString(key)}: ${pythonJson(item, deeper)}`)];
  return items.length === 0 ? open + close : `${open}\n${deeper}${items.join(`,\n${deeper}`)}\n${indent}${close}`;
}

const entriesOf = (value: object): [string, unknown][] =>
  value instanceof Dict ? Array.from(value.entries(), ([key, item]) => [String(key), item]) : Object.entries(value);

const floatText = (value: number): string =>
  Number.isFinite(value) ? floatRepr(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';

/** Python leaves U+007F and U+2028 as they are, as JavaScript does; lone surrogates too. */
const jsonString = (text: string): string =>
  JSON.stringify(text).replace(/\\u(d[89a-f][\da-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
