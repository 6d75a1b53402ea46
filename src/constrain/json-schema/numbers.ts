/** Numbers: bounds, multiples, and what they must not be. */
import { type Dfa, dfaOf, intersect, subtract } from '../automata/dfa.ts';
import { choice, type Expression, literal, many, optional, repeat, sequence } from '../automata/expression.ts';
import { type Bound, decimalsBetween, INTEGER, integersBetween, NUMBER } from './decimals.ts';
import { unsupported } from './keywords.ts';
import type { Plain } from './together.ts';

/** More remainders need too large an automaton. */
const MOST_REMAINDERS = 20_000;
/** Doubles tell whole numbers apart up to here, and so does whoever checks the multiple. */
const EXACT = 1e15;

export interface NumberRange {
  low?: Bound;
  high?: Bound;
}

/** Between which bounds all schemas want numbers. */
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
  for (const { schema } of plain) {
    raise(schema.minimum, false);
    raise(schema.exclusiveMinimum, true);
    lower(schema.maximum, false);
    lower(schema.exclusiveMaximum, true);
  }
  return range;
}

/** How numbers are written that follow all schemas. */
export function numberText(plain: readonly Plain[], isInteger: boolean): Expression {
  const { low, high } = numberRange(plain);
  const multiples: Dfa[] = [];
  const excluded: Dfa[] = [];
  let isWhole = isInteger;
  for (const { schema, path } of plain) {
    const { multipleOf: divisor, '~notMultipleOf': avoided, '~notEnum': others, '~fraction': isFraction } = schema;
    if (divisor !== undefined) {
      if (Number.isInteger(divisor)) isWhole = true;
      // Of what divides 1, each whole number is a multiple.
      if (!isWhole || !isMultiple(1, divisor as number)) multiples.push(multiplesOf(divisor as number, path));
    }
    if (avoided !== undefined) excluded.push(multiplesOf(avoided as number, path));
    if (isFraction === true) excluded.push(multiplesOf(1, path));
    const numbers = ((others as unknown[] | undefined) ?? []).filter(value => typeof value === 'number');
    if (numbers.length > 0) excluded.push(dfaOf(choice(...numbers.map(equalTo))));
  }
  if (multiples.length + excluded.length === 0) {
    if (!low && !high) return isWhole ? INTEGER : NUMBER;
    return isWhole ? integersBetween(low, high) : decimalsBetween(low, high);
  }
  const exactly = (bound: Bound | undefined, limit: number): Bound =>
    bound && Math.abs(bound.value) < EXACT ? bound : { value: limit, isExclusive: true };
  const bounds: [Bound, Bound] = [exactly(low, -EXACT), exactly(high, EXACT)];
  const all = dfaOf(isWhole ? integersBetween(...bounds) : decimalsBetween(...bounds));
  return { kind: 'automaton', dfa: excluded.reduce(subtract, multiples.reduce(intersect, all)) };
}

const ZEROS = many(literal('0'));

/** All ways to write a number without exponent. */
function equalTo(value: number): Expression {
  const { digits, scale } = decimal(Math.abs(value));
  const text = `${digits}`.padStart(scale + 1, '0');
  const whole = literal(text.slice(0, text.length - scale));
  const fraction = text.slice(text.length - scale);
  const end =
    fraction === ''
      ? optional(sequence(literal('.'), repeat(literal('0'), 1)))
      : sequence(literal(`.${fraction}`), ZEROS);
  const sign = value === 0 ? optional(literal('-')) : literal(value < 0 ? '-' : '');
  return sequence(sign, whole, end);
}

/** The decimal that JavaScript writes for a number of 0 or more: digits / 10 ** scale, without zeros at the end. */
function decimal(value: number): { digits: bigint; scale: number } {
  const [, whole, fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))!;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

export function isMultiple(value: number, divisor: number): boolean {
  const [a, b] = [decimal(Math.abs(value)), decimal(divisor)];
  const scale = Math.max(a.scale, b.scale);
  const whole = ({ digits, scale: own }: { digits: bigint; scale: number }): bigint =>
    digits * 10n ** BigInt(scale - own);
  return whole(a) % whole(b) === 0n;
}

/**
 * Decimals that a divisor divides, read digit by digit: the state is the remainder so far, and how many digits after the
 * point it takes.
 *
 * @throws UserError when there are too many remainders
 */
function multiplesOf(divisor: number, path: string): Dfa {
  const { digits, scale } = decimal(divisor);
  const modulus = Number(digits);
  if (modulus * (scale + 2) > MOST_REMAINDERS) {
    throw unsupported(
      'multipleOf',
      path,
      `${divisor} has more than ${MOST_REMAINDERS} remainders`,
      'check it afterwards',
    );
  }
  // Bytes: others, a minus, a point, ten digits.
  const classes = 13;
  const classOf = new Uint8Array(256);
  classOf[0x2d] = 1;
  classOf[0x2e] = 2;
  for (let digit = 0; digit < 10; digit++) classOf[0x30 + digit] = 3 + digit;
  const SIGNED = 1;
  /** Digits after the point so far; −1 before it. What is read is whole × 10 ** place, so far. */
  const stateOf = (place: number, remainder: number): number => 2 + (place + 1) * modulus + remainder;
  const states = stateOf(scale + 1, 0) + modulus;
  const next = new Int32Array(states * classes).fill(-1);
  const accepting = new Uint8Array(states);
  next[1] = SIGNED;
  for (let digit = 0; digit < 10; digit++) {
    for (const state of [0, SIGNED]) next[state * classes + 3 + digit] = stateOf(-1, digit % modulus);
    for (let r = 0; r < modulus; r++) {
      const read = (10 * r + digit) % modulus;
      next[stateOf(-1, r) * classes + 3 + digit] = stateOf(-1, read);
      for (let place = 0; place < scale; place++)
        next[stateOf(place, r) * classes + 3 + digit] = stateOf(place + 1, read);
    }
  }
  for (let r = 0; r < modulus; r++) next[stateOf(-1, r) * classes + 2] = stateOf(0, r);
  // Behind the last digit that counts, only zeros may follow; missing ones are zeros too.
  const last = stateOf(scale, 0);
  next[last * classes + 3] = last;
  for (let place = -1; place <= scale; place++) {
    for (let r = 0; r < modulus; r++) {
      const missing = scale - Math.max(place, 0);
      const whole = Number((BigInt(r) * 10n ** BigInt(missing)) % digits);
      if (whole === 0) accepting[stateOf(place, r)] = 1;
    }
  }
  return { classOf, classes, next, accepting };
}
