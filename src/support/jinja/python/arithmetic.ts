/** Python's operators on numbers, and on the sequences that have some of them. */
import { typeError, valueError } from '../errors.ts';
import { escapeHtml } from './escape.ts';
import { percentFormat } from './format-percent.ts';
import { toFloat } from './to-float.ts';
import { Bytes, isInt, isNumber, isStr, Markup, Tuple, typeName, Undefined, type Value } from './values.ts';

export type Operator = '+' | '-' | '*' | '/' | '//' | '%' | '**';

type Numeric = bigint | number;

/** More bits are refused: no template needs them, and they would take the machine's memory. */
const MOST_BITS = 1_000_000;
/** The same for characters or items of a repeated sequence. */
const MOST_ITEMS = 100_000_000;

/** @throws TemplateError when Python raises, and where it would give a complex number */
export function binary(left: Value, operator: Operator, right: Value): Value {
  if (operator === '%' && isStr(left)) return percentFormat(left, right);
  for (const side of [left, right]) if (side instanceof Undefined) throw side.reason();
  if (isNumber(left) && isNumber(right)) return numbers(number(left), operator, number(right));
  const result = operator === '+' ? concatenated(left, right) : operator === '*' ? repeated(left, right) : undefined;
  if (result !== undefined) return result;
  throw typeError(`unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`);
}

const number = (value: bigint | boolean | number): Numeric => (typeof value === 'boolean' ? BigInt(value) : value);

function concatenated(left: Value, right: Value): Value | undefined {
  if (typeof left === 'string' && typeof right === 'string') return left + right;
  if (isStr(left) && isStr(right)) return new Markup(escapeHtml(left).text + escapeHtml(right).text);
  if (isStr(left)) throw typeError(`can only concatenate str (not "${typeName(right)}") to str`);
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  if (left instanceof Bytes && right instanceof Bytes) return new Bytes(Uint8Array.of(...left.bytes, ...right.bytes));
  return undefined;
}

function repeated(left: Value, right: Value): Value | undefined {
  const [sequence, count] = isInt(left) ? [right, left] : [left, right];
  if (!isInt(count)) return undefined;
  const times = Math.max(0, Number(count));
  const within = (length: number): number => {
    if (length * times > MOST_ITEMS) throw valueError(`a sequence of more than ${MOST_ITEMS} items is too long`);
    return times;
  };
  if (typeof sequence === 'string') return sequence.repeat(sequence === '' ? 0 : within(sequence.length));
  if (sequence instanceof Markup) return new Markup(sequence.text.repeat(within(sequence.text.length)));
  const copies = (values: readonly Value[]): Value[] =>
    values.length === 0 ? [] : Array.from({ length: within(values.length) }, () => values).flat();
  if (Array.isArray(sequence)) return copies(sequence);
  return sequence instanceof Tuple ? new Tuple(copies(sequence.items)) : undefined;
}

function numbers(left: Numeric, operator: Operator, right: Numeric): Value {
  const areInts = typeof left === 'bigint' && typeof right === 'bigint';
  const divides = operator === '/' || operator === '//' || operator === '%';
  if (divides && (right === 0n || right === 0)) throw valueError('division by zero');
  if (areInts) return ints(left, operator, right);
  return floats(toFloat(left), operator, toFloat(right));
}

function ints(left: bigint, operator: Operator, right: bigint): Value {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return trueDivide(left, right);
    case '//':
      return left / right - (left % right !== 0n && left < 0n !== right < 0n ? 1n : 0n);
    case '%': {
      const rest = left % right;
      return rest !== 0n && rest < 0n !== right < 0n ? rest + right : rest;
    }
    case '**':
      return intPower(left, right);
  }
}

function intPower(base: bigint, exponent: bigint): Value {
  if (exponent < 0n) {
    if (base === 0n) throw valueError('0.0 cannot be raised to a negative power');
    return floats(toFloat(base), '**', toFloat(exponent));
  }
  if (base * base <= 1n) return exponent % 2n === 0n ? base ** (exponent === 0n ? 0n : 2n) : base;
  if (base.toString(2).length * Number(exponent) > MOST_BITS) {
    throw valueError(`a number of more than ${MOST_BITS} bits is too large`);
  }
  return base ** exponent;
}

function floats(left: number, operator: Operator, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '//':
      return floorDivide(left, right);
    case '%':
      return modulo(left, right);
    case '**':
      return floatPower(left, right);
  }
}

/** The sign of the divisor, as in Python; JavaScript's has that of the dividend. */
function modulo(left: number, right: number): number {
  const rest = left % right;
  if (rest === 0) return right < 0 ? -0 : 0;
  return rest < 0 !== right < 0 ? rest + right : rest;
}

function floorDivide(left: number, right: number): number {
  const quotient = (left - modulo(left, right)) / right;
  const floor = Math.floor(quotient);
  if (quotient === 0) return left / right < 0 ? -0 : 0;
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

function floatPower(base: number, exponent: number): number {
  if (base === 0 && exponent < 0) throw valueError('0.0 cannot be raised to a negative power');
  if (base < 0 && Number.isFinite(exponent) && !Number.isInteger(exponent)) {
    throw valueError('a negative number raised to a fraction is complex, which templates cannot have here');
  }
  if (base === 1 || (base === -1 && !Number.isFinite(exponent))) return 1;
  const power = base ** exponent;
  if (!Number.isFinite(power) && Number.isFinite(base) && Number.isFinite(exponent)) {
    throw valueError('Numerical result out of range');
  }
  return power;
}

/** Rounded once, however large the two are: 64 bits of quotient, and whether anything is left. */
function trueDivide(left: bigint, right: bigint): number {
  if (Number.isSafeInteger(Number(left)) && Number.isSafeInteger(Number(right))) return Number(left) / Number(right);
  const [a, b] = [left < 0n ? -left : left, right < 0n ? -right : right];
  const shift = 66 - (a.toString(2).length - b.toString(2).length);
  const [numerator, denominator] = shift > 0 ? [a << BigInt(shift), b] : [a, b << BigInt(-shift)];
  const quotient = numerator / denominator;
  const sticky = numerator % denominator === 0n ? 0n : 1n;
  const result = Number((quotient << 1n) | sticky) * 2 ** (-shift - 1);
  if (!Number.isFinite(result)) throw valueError('integer division result too large for a float');
  return left < 0n !== right < 0n ? -result : result;
}

export function negate(value: Value): Value {
  if (value instanceof Undefined) throw value.reason();
  if (!isNumber(value)) throw typeError(`bad operand type for unary -: '${typeName(value)}'`);
  return -number(value);
}

export function positive(value: Value): Value {
  if (value instanceof Undefined) throw value.reason();
  if (!isNumber(value)) throw typeError(`bad operand type for unary +: '${typeName(value)}'`);
  return number(value);
}
