/** `str()` and `repr()`. */
import { valueError } from '../errors.ts';
import { Dict, DictView } from './dict.ts';
import { floatRepr } from './float.ts';
import { Bytes, Markup, PyFunction, PyIterator, type PyObject, Range, Tuple, Undefined, type Value } from './values.ts';

/** Python writes no longer ints as decimals. */
const MOST_DIGITS = 4300;

/** How deep values may lie in each other. */
const DEEPEST = 990;

export function str(value: Value): string {
  if (typeof value === 'string') return value;
  if (value instanceof Markup) return value.text;
  if (value instanceof Undefined) {
    if (value.isStrict) throw value.reason();
    return '';
  }
  return repr(value);
}

export function repr(value: Value, depth = 0): string {
  if (depth > DEEPEST) throw valueError('maximum recursion depth exceeded while getting the repr of an object');
  const inner = (item: Value): string => repr(item, depth + 1);
  switch (typeof value) {
    case 'string':
      return strRepr(value);
    case 'boolean':
      return value ? 'True' : 'False';
    case 'bigint':
      return intText(value);
    case 'number':
      return floatRepr(value);
  }
  if (value === null) return 'None';
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  if (value instanceof Tuple) {
    return value.items.length === 1 ? `(${inner(value.items[0])},)` : `(${value.items.map(inner).join(', ')})`;
  }
  if (value instanceof Dict) {
    return `{${[...value.entries()].map(([key, item]) => `${inner(key)}: ${inner(item)}`).join(', ')}}`;
  }
  if (value instanceof DictView) return `${value.typeName}(${inner([...value])})`;
  if (value instanceof Markup) return `Markup(${strRepr(value.text)})`;
  if (value instanceof Range) {
    return `range(${value.start}, ${value.stop}${value.step === 1n ? '' : `, ${value.step}`})`;
  }
  if (value instanceof Bytes) return bytesRepr(value.bytes);
  if (value instanceof Undefined) return 'Undefined';
  return objectRepr(value, inner);
}

/** Objects that say themselves how they look; Python shows an address for the others, which is never the same. */
function objectRepr(value: PyObject, inner: (item: Value) => string): string {
  if ('repr' in value && typeof value.repr === 'function') return value.repr(inner);
  if (value instanceof PyFunction) return `<function ${value.name}>`;
  return value instanceof PyIterator ? `<${value.typeName} object>` : `<${value.typeName}>`;
}

export function intText(value: bigint): string {
  const text = value.toString();
  if (text.length > MOST_DIGITS) {
    throw valueError(`Exceeds the limit (${MOST_DIGITS} digits) for integer string conversion`);
  }
  return text;
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/u;

export const isPrintable = (char: string): boolean => !UNPRINTABLE.test(char);

/** Single quotes, unless only they occur inside. */
export function strRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let quoted = quote;
  for (const char of text) {
    if (char === quote) quoted += `\\${char}`;
    else quoted += ESCAPES[char] ?? (isPrintable(char) ? char : escapedChar(char));
  }
  return quoted + quote;
}

/** `\xhh`, `\uhhhh` or `\Uhhhhhhhh`. */
export function escapedChar(char: string): string {
  const code = char.codePointAt(0)!;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** `repr()` in ASCII alone. */
export const ascii = (value: Value): string => repr(value).replace(/[^\0-\x7f]/gu, escapedChar);

function bytesRepr(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes);
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const body = Array.from(text, char => {
    if (char === quote) return `\\${char}`;
    return ESCAPES[char] ?? (char >= ' ' && char <= '~' ? char : escapedChar(char));
  });
  return `b${quote}${body.join('')}${quote}`;
}
