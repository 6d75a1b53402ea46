/** Numbers: bounds and multiples. */
import { type Dfa, dfaOf, intersect } from '../automata/dfa.ts';
import type { Expression } from '../automata/expression.ts';
import { type Bound, decimalsBetween, INTEGER, integersBetween, NUMBER } from './decimals.ts';
import { unsupported } from './keywords.ts';
import type { Plain } from './members.ts';

/** Larger divisors need too large an automaton. */
const LARGEST_DIVISOR = 1200;
/** Doubles tell whole numbers apart up to here, and so does whoever checks the multiple. */
const EXACT = 1e15;

export interface NumberRange {
  low?: Bound;
  high?: Bound;
  /** Least common multiple of the divisors, where there are any. */
  divisor?: number;
}

/** What all schemas say of numbers. */
export function numberRange(plain: readonly Plain[]): NumberRange {
  const range: NumberRange = {};
  const raise = (value: unknown, isExclusive: boolean): void => {
    if (value === undefined) return;
    const { low } = range;
    if (!low || low.value < Number(value) || (low.value === value && isExclusive)) {
      range.low = { value: Number(value), isExclusive };
    }
  };
  const lower = (value: unknown, isExclusive: boolean): void => {
    if (value === undefined) return;
    const { high } = range;
    if (!high || high.value > Number(value) || (high.value === value && isExclusive)) {
      range.high = { value: Number(value), isExclusive };
    }
  };
  for (const { schema, path } of plain) {
    raise(schema.minimum, false);
    raise(schema.exclusiveMinimum, true);
    lower(schema.maximum, false);
    lower(schema.exclusiveMaximum, true);
    const divisor = schema.multipleOf as number | undefined;
    if (divisor === undefined) continue;
    if (!Number.isInteger(divisor)) throw unsupported('multipleOf', path, `${divisor} is not a whole number`);
    const { divisor: before = 1 } = range;
    range.divisor = (before * divisor) / greatestCommonDivisor(before, divisor);
    if (range.divisor > LARGEST_DIVISOR) {
      throw unsupported('multipleOf', path, `${range.divisor} is above ${LARGEST_DIVISOR}`);
    }
  }
  return range;
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

export function numberText({ low, high, divisor }: NumberRange, isInteger: boolean): Expression {
  if (divisor !== undefined && divisor > 1) {
    const exactly = (bound: Bound | undefined, limit: number): Bound =>
      bound && Math.abs(bound.value) < EXACT ? bound : { value: limit, isExclusive: true };
    const range = integersBetween(exactly(low, -EXACT), exactly(high, EXACT));
    return { kind: 'automaton', dfa: intersect(multiplesOf(divisor), dfaOf(range)) };
  }
  const isWhole = isInteger || divisor === 1;
  if (!low && !high) return isWhole ? INTEGER : NUMBER;
  return isWhole ? integersBetween(low, high) : decimalsBetween(low, high);
}

export const isInRange = (value: number, { low, high, divisor }: NumberRange): boolean =>
  (!low || (low.isExclusive ? value > low.value : value >= low.value)) &&
  (!high || (high.isExclusive ? value < high.value : value <= high.value)) &&
  (divisor === undefined || value % divisor === 0);

/** Decimal whole numbers that a divisor divides, read digit by digit: the state is the remainder so far. */
function multiplesOf(divisor: number): Dfa {
  const SIGNED = 1;
  const ofRemainder = (remainder: number): number => 2 + remainder;
  const next = new Int32Array((2 + divisor) * 256).fill(-1);
  const accepting = new Uint8Array(2 + divisor);
  next['-'.charCodeAt(0)] = SIGNED;
  accepting[ofRemainder(0)] = 1;
  for (let digit = 0; digit < 10; digit++) {
    const byte = 0x30 + digit;
    for (const state of [0, SIGNED]) next[state * 256 + byte] = ofRemainder(digit % divisor);
    for (let r = 0; r < divisor; r++) next[ofRemainder(r) * 256 + byte] = ofRemainder((10 * r + digit) % divisor);
  }
  return { next, accepting };
}
