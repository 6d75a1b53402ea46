/** Decimal numbers between bounds, as regular expressions over their digits. */

import { codePoints } from '../automata/code-points.ts';
import { dfaOf, intersect } from '../automata/dfa.ts';
import {
  characters,
  choice,
  EMPTY,
  type Expression,
  literal,
  NOTHING,
  repeat,
  sequence,
} from '../automata/expression.ts';

/** Digits of a whole number at most: as many as `JSON.stringify` writes before it takes exponents. */
const WHOLE_DIGITS = 21;
/** Digits after the point at most: what a double can tell apart, and some more. */
const FRACTION_DIGITS = 24;
const LARGEST_WHOLE = 10n ** BigInt(WHOLE_DIGITS) - 1n;

export interface Bound {
  value: number;
  /** The value itself is left out. */
  isExclusive: boolean;
}

const digits = (from: number, to: number): Expression =>
  from > to ? NOTHING : characters(codePoints([[0x30 + from, 0x30 + to]]));
const DIGIT = digits(0, 9);
/** Nothing, or a point with digits. */
export const FRACTION = choice(EMPTY, sequence(literal('.'), repeat(DIGIT, 1, FRACTION_DIGITS)));

const WHOLE = choice(literal('0'), sequence(digits(1, 9), repeat(DIGIT, 0, WHOLE_DIGITS - 1)));
const SIGN = choice(EMPTY, literal('-'));
const EXPONENT = characters(
  codePoints([
    [0x45, 0x45],
    [0x65, 0x65],
  ]),
);
/** Whole numbers beyond, as `JSON.stringify` writes them: fewer digits after the point than the exponent moves it by. */
const LARGE_WHOLE = sequence(
  choice(
    sequence(
      digits(1, 9),
      choice(EMPTY, sequence(literal('.'), repeat(DIGIT, 1, 16))),
      EXPONENT,
      choice(EMPTY, literal('+')),
      choice(
        sequence(literal('2'), digits(1, 9)),
        sequence(digits(3, 9), DIGIT),
        sequence(digits(1, 2), DIGIT, DIGIT),
        sequence(literal('30'), digits(0, 7)),
      ),
    ),
    // The largest double is 1.797…e+308.
    sequence(
      literal('1'),
      choice(EMPTY, sequence(literal('.'), digits(0, 6), repeat(DIGIT, 0, 15))),
      EXPONENT,
      choice(EMPTY, literal('+')),
      literal('308'),
    ),
  ),
);
export const INTEGER = sequence(SIGN, choice(WHOLE, LARGE_WHOLE));

/** Any number; with an exponent only one digit is before the point, and the exponent is one that a double has. */
export const NUMBER = sequence(
  SIGN,
  choice(
    sequence(choice(literal('0'), sequence(digits(1, 9), repeat(DIGIT, 0, 20))), FRACTION),
    sequence(
      digits(1, 9),
      FRACTION,
      EXPONENT,
      choice(EMPTY, literal('+'), literal('-')),
      choice(
        DIGIT,
        sequence(digits(1, 9), DIGIT),
        sequence(digits(1, 2), DIGIT, DIGIT),
        sequence(literal('30'), digits(0, 7)),
      ),
    ),
  ),
);

/** Whole numbers from `low` to `high`, without leading zeros. */
export function integersBetween(low?: Bound, high?: Bound): Expression {
  const least = low && whole(low, 1n);
  const most = high && whole(high, -1n);
  const positive = naturals(max(least ?? 0n, 0n), most);
  const negative = naturals(max(most === undefined ? 1n : -most, 1n), least === undefined ? undefined : -least);
  // Beyond what is written without exponent everything is inside where there is no bound, or one that is smaller.
  const large = (isOpen: boolean, edge: bigint | undefined): Expression[] =>
    isOpen && (edge === undefined || edge <= LARGEST_WHOLE) ? [LARGE_WHOLE] : [];
  return choice(
    choice(positive, ...large(high === undefined, least)),
    sequence(literal('-'), choice(negative, ...large(low === undefined, most === undefined ? undefined : -most))),
  );
}

/** The whole number nearest to a bound that is inside it. */
function whole({ value, isExclusive }: Bound, inwards: 1n | -1n): bigint {
  const nearest = BigInt(inwards === 1n ? Math.ceil(value) : Math.floor(value));
  return isExclusive && Number.isInteger(value) ? nearest + inwards : nearest;
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** From `low`, 0 or more, to `high`; no more digits than `WHOLE_DIGITS` unless the bounds have more. */
function naturals(low: bigint, high?: bigint): Expression {
  const limit = max(LARGEST_WHOLE, low);
  const last = high === undefined ? limit : min(high, limit);
  const options: Expression[] = [];
  for (let length = `${low}`.length; length <= `${last}`.length; length++) {
    const first = max(low, length === 1 ? 0n : 10n ** BigInt(length - 1));
    const end = min(last, 10n ** BigInt(length) - 1n);
    if (first <= end) options.push(sameLength(`${first}`, `${end}`));
  }
  return choice(...options);
}

/** Digits from `low` to `high`, which have the same length. */
function sameLength(low: string, high: string): Expression {
  if (/^0*$/.test(low) && /^9*$/.test(high)) return repeat(DIGIT, low.length, low.length);
  const [first, last] = [Number(low[0]), Number(high[0])];
  if (first === last) return sequence(literal(low[0]), sameLength(low.slice(1), high.slice(1)));
  const rest = low.length - 1;
  return choice(
    sequence(literal(low[0]), sameLength(low.slice(1), '9'.repeat(rest))),
    sequence(digits(first + 1, last - 1), repeat(DIGIT, rest, rest)),
    sequence(literal(high[0]), sameLength('0'.repeat(rest), high.slice(1))),
  );
}

/** Numbers from `low` to `high`, without exponent. */
export function decimalsBetween(low?: Bound, high?: Bound): Expression {
  const isBelowZero = (bound: Bound): boolean => bound.value < 0 || (bound.value === 0 && bound.isExclusive);
  const zero: Bound = { value: 0, isExclusive: false };
  const beyondZero: Bound = { value: 0, isExclusive: true };
  const positive = high && isBelowZero(high) ? NOTHING : magnitudes(low && low.value >= 0 ? low : zero, high);
  const mirrored = (bound: Bound): Bound => ({ ...bound, value: -bound.value });
  const negative =
    low && low.value >= 0
      ? NOTHING
      : magnitudes(high && high.value < 0 ? mirrored(high) : beyondZero, low && mirrored(low));
  return choice(positive, sequence(literal('-'), negative));
}

/** Numbers of 0 or more. */
function magnitudes(low: Bound, high?: Bound): Expression {
  const from = split(low.value);
  const to = high && split(high.value);
  const atLeast = fractionAtLeast(from.fraction, low.isExclusive);
  if (!to) return choice(sequence(literal(`${from.whole}`), atLeast), sequence(naturals(from.whole + 1n), FRACTION));
  if (from.whole > to.whole) return NOTHING;
  const atMost = fractionAtMost(to.fraction, high.isExclusive);
  if (from.whole === to.whole) {
    const both = intersect(dfaOf(atLeast), dfaOf(atMost));
    return sequence(literal(`${from.whole}`), { kind: 'automaton', dfa: both });
  }
  return choice(
    sequence(literal(`${from.whole}`), atLeast),
    sequence(naturals(from.whole + 1n, to.whole - 1n), FRACTION),
    sequence(literal(`${to.whole}`), atMost),
  );
}

/** The exact decimal digits that JavaScript writes for a number of 0 or more, without exponent. */
function split(value: number): { whole: bigint; fraction: string } {
  const [, whole, fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))!;
  const shift = Number(exponent);
  const all = shift < 0 ? '0'.repeat(-shift) + whole + fraction : whole + fraction.padEnd(shift, '0');
  const point = shift < 0 ? whole.length : whole.length + shift;
  return { whole: BigInt(all.slice(0, point)), fraction: all.slice(point).replace(/0+$/, '') };
}

const REST = repeat(DIGIT, 0, FRACTION_DIGITS);
const ZEROS = repeat(literal('0'), 0, FRACTION_DIGITS);
const SOME_MORE = sequence(ZEROS, digits(1, 9), REST);

/** Fractions, the point included, of at least 0.`fraction`. */
function fractionAtLeast(fraction: string, isExclusive: boolean): Expression {
  const rest = (tail: string): Expression =>
    tail === ''
      ? isExclusive
        ? SOME_MORE
        : REST
      : choice(sequence(digits(Number(tail[0]) + 1, 9), REST), sequence(literal(tail[0]), rest(tail.slice(1))));
  if (fraction !== '') return sequence(literal('.'), rest(fraction));
  return isExclusive ? sequence(literal('.'), SOME_MORE) : FRACTION;
}

/** Fractions, the point included, of at most 0.`fraction`. */
function fractionAtMost(fraction: string, isExclusive: boolean): Expression {
  const some = (tail: string): Expression =>
    choice(sequence(digits(0, Number(tail[0]) - 1), REST), sequence(literal(tail[0]), rest(tail.slice(1))));
  const rest = (tail: string): Expression =>
    tail === '' ? (isExclusive ? NOTHING : ZEROS) : choice(EMPTY, some(tail));
  if (fraction !== '') return choice(EMPTY, sequence(literal('.'), some(fraction)));
  return isExclusive ? NOTHING : choice(EMPTY, sequence(literal('.'), repeat(literal('0'), 1, FRACTION_DIGITS)));
}
