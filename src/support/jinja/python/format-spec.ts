/** `format(value, spec)`: Python's format specification mini-language. */
import { typeError, valueError } from '../errors.ts';
import { floatBody, intBody } from './format-number.ts';
import { str } from './repr.ts';
import { codePoints, length, slice } from './text.ts';
import { toFloat } from './to-float.ts';
import { isInt, isNumber, isStr, textOf, typeName, type Value } from './values.ts';

interface Spec {
  fill: string;
  align: string;
  sign: string;
  isAlternate: boolean;
  isZeroPadded: boolean;
  /** Minus zero is zero; of floats alone. */
  isPositiveZero: boolean;
  width: number;
  grouping: string;
  precision: number | undefined;
  kind: string;
}

const TAIL = /^([-+ ]?)(z?)(#?)(0?)(\d*)([,_]?)(?:\.(\d+))?(.?)$/su;

function parse(text: string): Spec {
  const points = Array.from(text);
  const hasFill = points.length > 1 && '<>=^'.includes(points[1]);
  const align = hasFill ? points[1] : '<>=^'.includes(points[0] ?? ' ') ? points[0] : '';
  const match = TAIL.exec(points.slice(hasFill ? 2 : align ? 1 : 0).join(''));
  if (!match) throw valueError(`Invalid format specifier '${text}'`);
  const [, sign, positive, alternate, zero, width, grouping, precision, kind] = match;
  if (Number(width) > MOST_WIDTH || Number(precision ?? 0) > MOST_WIDTH) throw valueError('Too many decimal digits');
  return {
    fill: hasFill ? points[0] : zero ? '0' : ' ',
    align,
    sign,
    isAlternate: alternate !== '',
    isZeroPadded: zero !== '',
    isPositiveZero: positive !== '',
    width: Number(width),
    grouping,
    precision: precision === undefined ? undefined : Number(precision),
    kind,
  };
}

const MOST_WIDTH = 1_000_000;

/** @throws TemplateError when the specification does not fit the type of the value */
export function format(value: Value, spec: string): string {
  if (spec === '') return str(value);
  if (isStr(value)) return formatText(textOf(value), parse(spec));
  if (!isNumber(value)) throw typeError(`unsupported format string passed to ${typeName(value)}.__format__`);
  const parsed = parse(spec);
  const isIntKind = isInt(value) && 'bcdoxXn'.includes(parsed.kind || 'd');
  if (isIntKind) return formatInt(BigInt(value), parsed);
  if (parsed.kind !== '' && !'eEfFgGn%'.includes(parsed.kind)) {
    throw valueError(`Unknown format code '${parsed.kind}' for object of type '${typeName(value)}'`);
  }
  return formatFloat(toFloat(value), parsed);
}

function formatText(text: string, spec: Spec): string {
  if (spec.kind !== '' && spec.kind !== 's') {
    throw valueError(`Unknown format code '${spec.kind}' for object of type 'str'`);
  }
  if (spec.sign || spec.isPositiveZero) throw valueError('Sign not allowed in string format specifier');
  if (spec.isAlternate) throw valueError('Alternate form (#) not allowed in string format specifier');
  if (spec.align === '=') throw valueError("'=' alignment not allowed in string format specifier");
  if (spec.grouping) throw valueError(`Cannot specify '${spec.grouping}' with 's'.`);
  const shown = spec.precision === undefined ? text : slice(text, 0, Math.min(spec.precision, length(text)));
  return pad(shown, spec, '<');
}

function formatInt(value: bigint, spec: Spec): string {
  if (spec.isPositiveZero) throw valueError('Negative zero coercion (z) not allowed in integer format specifier');
  if (spec.precision !== undefined) throw valueError('Precision not allowed in integer format specifier');
  const kind = spec.kind || 'd';
  if (kind === 'c') {
    if (spec.sign) throw valueError("Sign not allowed with integer format specifier 'c'");
    return pad(String.fromCodePoint(Number(value)), spec, '<');
  }
  if (spec.grouping && (kind === 'n' || (spec.grouping === ',' && kind !== 'd'))) {
    throw valueError(`Cannot specify '${spec.grouping}' with '${kind}'.`);
  }
  const { digits, prefix } = intBody(value, kind);
  return assemble(value < 0n, spec.isAlternate ? prefix : '', digits, '', spec, kind === 'd' ? 3 : 4);
}

function formatFloat(value: number, spec: Spec): string {
  const { kind, precision, isAlternate } = spec;
  const isPercent = kind === '%';
  const lower = kind.toLowerCase();
  const body = floatBody(isPercent ? value * 100 : value, {
    kind: isPercent || lower === 'f' ? 'f' : lower === 'e' ? 'e' : kind === '' && precision === undefined ? 'r' : 'g',
    precision: precision ?? 6,
    isAlternate,
    keepsPoint: kind === '',
  });
  const [, digits, rest] = /^(\d*)(.*)$/s.exec(kind !== lower ? body.toUpperCase() : body)!;
  const isZero = spec.isPositiveZero && !/[1-9]/.test(body.split('e')[0]);
  const isNegative = (value < 0 || Object.is(value, -0)) && !isZero;
  return assemble(isNegative, '', digits, rest + (isPercent ? '%' : ''), spec, 3);
}

/** Sign, prefix, digits in groups, and what follows, in the width that is asked for. */
function assemble(
  isNegative: boolean,
  prefix: string,
  digits: string,
  rest: string,
  spec: Spec,
  group: number,
): string {
  const sign = isNegative ? '-' : spec.sign === '-' ? '' : spec.sign;
  const align = spec.align || (spec.isZeroPadded ? '=' : '>');
  const room = spec.width - sign.length - prefix.length - length(rest);
  const isFilled = align === '=' && spec.fill === '0' && spec.grouping !== '';
  const body = grouped(isFilled ? digits.padStart(digitsFor(room, group), '0') : digits, spec.grouping, group);
  if (align !== '=') return pad(sign + prefix + body + rest, spec, '>');
  return sign + prefix + spec.fill.repeat(Math.max(room - body.length, 0)) + body + rest;
}

/** How many digits in groups fill so much room. */
function digitsFor(room: number, group: number): number {
  let count = Math.max(room - Math.floor(room / (group + 1)), 0);
  while (count + Math.floor((count - 1) / group) < room) count++;
  return count;
}

function grouped(digits: string, separator: string, size: number): string {
  if (!separator) return digits;
  const first = digits.length % size || size;
  const groups = [digits.slice(0, first)];
  for (let i = first; i < digits.length; i += size) groups.push(digits.slice(i, i + size));
  return groups.join(separator);
}

function pad(text: string, { fill, align, width }: Spec, fallback: string): string {
  const room = Math.max(width - codePoints(text).length, 0);
  const before = { '<': 0, '>': room, '^': room >> 1 }[align || fallback] ?? 0;
  return fill.repeat(before) + text + fill.repeat(room - before);
}
