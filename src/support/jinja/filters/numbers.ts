/** Filters of numbers, and the conversions `int` and `float`. */
import { TemplateError, typeError, valueError } from '../errors.ts';
import { binary } from '../python/arithmetic.ts';
import { truth } from '../python/compare.ts';
import { divideHalfEven, fixed, roundFloat } from '../python/float.ts';
import { intArgument } from '../python/signature.ts';
import { trimEnd, trimStart } from '../python/text.ts';
import { toFloat } from '../python/to-float.ts';
import { isInt, isNumber, isStr, textOf, typeName, Undefined, type Value } from '../python/values.ts';
import { type Filter, filter } from './filter.ts';

const DECIMAL = /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:e[+-]?\d(?:_?\d)*)?$/i;
const NAMED = /^([+-]?)(inf|infinity|nan)$/i;

const stripped = (text: string): string => trimEnd(trimStart(text));

/** `float(text)`, undefined where Python raises ValueError. */
function parseFloatText(text: string): number | undefined {
  const written = stripped(text);
  const named = NAMED.exec(written);
  if (named) return named[2].toLowerCase() === 'nan' ? Number.NaN : named[1] === '-' ? -Infinity : Infinity;
  return DECIMAL.test(written) ? Number(written.replaceAll('_', '')) : undefined;
}

const PREFIXES: Record<string, number> = { b: 2, o: 8, x: 16 };

/** `int(text, base)`, undefined where Python raises ValueError. */
function parseIntText(text: string, base: number): bigint | undefined {
  const match = /^([+-]?)(?:0([box])_?)?([\da-z]+(?:_[\da-z]+)*)$/is.exec(stripped(text));
  const plain = /^([+-]?)([\da-z]+(?:_[\da-z]+)*)$/is.exec(stripped(text));
  const prefixBase = match?.[2] && PREFIXES[match[2].toLowerCase()];
  if (match && prefixBase && (base === prefixBase || base === 0)) return digitsOf(match[3], prefixBase, match[1]);
  if (!plain || (base !== 0 && (base < 2 || base > 36))) return undefined;
  if (base === 0 && /^0[\d_]*[1-9]/.test(plain[2])) return undefined;
  return digitsOf(plain[2], base || 10, plain[1]);
}

const MOST_DIGITS = 4300;

function digitsOf(text: string, base: number, sign: string): bigint | undefined {
  const digits = text.replaceAll('_', '').toLowerCase();
  if (digits.length > MOST_DIGITS && (base & (base - 1)) !== 0) return undefined;
  let value = 0n;
  for (const digit of digits) {
    const part = Number.parseInt(digit, 36);
    if (part >= base) return undefined;
    value = value * BigInt(base) + BigInt(part);
  }
  return sign === '-' ? -value : value;
}

/** `int(float)`. */
function truncated(value: number): bigint | undefined {
  if (Number.isNaN(value)) return undefined;
  if (!Number.isFinite(value)) throw valueError('cannot convert float infinity to integer');
  return BigInt(Math.trunc(value));
}

function toInt(value: Value, fallback: Value, base: Value): Value {
  if (value instanceof Undefined) throw value.reason();
  if (isInt(value)) return BigInt(value);
  if (typeof value === 'number') return truncated(value) ?? fallback;
  if (!isStr(value)) return fallback;
  const whole = isInt(base) ? parseIntText(textOf(value), Number(base)) : undefined;
  if (whole !== undefined) return whole;
  const float = parseFloatText(textOf(value));
  return float === undefined || !Number.isFinite(float) ? fallback : truncated(float)!;
}

function asFloat(value: Value): number | undefined {
  if (value instanceof Undefined) throw value.reason();
  if (isNumber(value)) return toFloat(value);
  return isStr(value) ? parseFloatText(textOf(value)) : undefined;
}

function round(value: Value, precision: Value, method: string): Value {
  if (value instanceof Undefined || !isNumber(value)) {
    throw typeError(`type ${typeName(value)} doesn't define __round__ method`);
  }
  if (method !== 'common') return roundTowards(value, precision, method);
  if (precision === null) return typeof value === 'number' ? wholeOf(roundFloat(value, 0)) : BigInt(value);
  const places = intArgument(precision);
  if (typeof value === 'number') return roundFloat(value, places);
  const int = BigInt(value);
  if (places >= 0) return int;
  if (-places > 10_000) return 0n;
  const unit = 10n ** BigInt(-places);
  const rounded = divideHalfEven(int < 0n ? -int : int, unit) * unit;
  return int < 0n ? -rounded : rounded;
}

function wholeOf(value: number): bigint {
  if (!Number.isFinite(value)) throw valueError(`cannot convert float ${value} to integer`);
  return BigInt(value);
}

function roundTowards(value: Value, precision: Value, method: string): Value {
  const unit = binary(10n, '**', precision);
  const scaled = binary(value, '*', unit);
  const whole =
    typeof scaled === 'number' ? wholeOf(method === 'ceil' ? Math.ceil(scaled) : Math.floor(scaled)) : scaled;
  return binary(whole, '/', unit);
}

function fileSize(value: Value, isBinary: boolean): string {
  const bytes = asFloat(value);
  if (bytes === undefined) throw valueError(`could not convert to float: '${typeName(value)}'`);
  const base = isBinary ? 1024 : 1000;
  if (bytes === 1) return '1 Byte';
  if (bytes < base) return `${wholeOf(Math.trunc(bytes))} Bytes`;
  const prefixes = Array.from('kMGTPEZY', letter => (isBinary ? `${letter.toUpperCase()}iB` : `${letter}B`));
  const last = prefixes.length - 1;
  const index = prefixes.findIndex((_, i) => bytes < base ** (i + 2));
  const at = index < 0 ? last : index;
  return `${fixed((base * bytes) / base ** (at + 2), 1)} ${prefixes[at]}`;
}

export const NUMBER_FILTERS: Record<string, Filter> = {
  abs: filter('abs', 'x /', (_, value) => {
    if (!isNumber(value)) throw typeError(`bad operand type for abs(): '${typeName(value)}'`);
    if (typeof value === 'number') return Math.abs(value);
    const int = BigInt(value);
    return int < 0n ? -int : int;
  }),
  int: filter('int', 'value default? base?', (_, value, fallback = 0n, base = 10n) => toInt(value, fallback, base)),
  float: filter('float', 'value default?', (_, value, fallback = 0) => asFloat(value) ?? fallback),
  round: filter('round', 'value precision? method?', (_, value, precision = 0n, method = 'common') => {
    const name = isStr(method) ? textOf(method) : '';
    if (!['common', 'ceil', 'floor'].includes(name)) throw new TemplateError('method must be common, ceil or floor');
    return round(value, precision, name);
  }),
  filesizeformat: filter('filesizeformat', 'value binary?', (_, value, binaryUnits) =>
    fileSize(value, binaryUnits !== undefined && truth(binaryUnits)),
  ),
};
