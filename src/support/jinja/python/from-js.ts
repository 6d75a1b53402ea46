/** JavaScript's values as Python has them. */
import { TemplateError } from '../errors.ts';
import { Dict } from './dict.ts';
import { PyObject, type Value } from './values.ts';

/** A number that is a float although it is whole, as 1.0 is in Python. */
export class Float {
  constructor(readonly value: number) {}
}

/**
 * Whole numbers become ints, objects dicts; what is undefined in an object is left out, as JSON does. Values that are
 * Python's already stay. Beyond 2^53 an int has the digits of the number that JavaScript made of it; a bigint has all.
 *
 * @throws TemplateError for what has no counterpart: functions, classes, cycles
 */
export function fromJs(value: unknown): Value {
  return convert(value, new Map());
}

function convert(value: unknown, known: Map<object, Value | undefined>): Value {
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'string':
    case 'boolean':
    case 'bigint':
      return value;
    case 'number':
      return fromNumber(value);
    case 'object':
      return value === null ? null : fromObject(value, known);
    default:
      throw new TemplateError(`a ${typeof value} cannot be given to a template`);
  }
}

/** From here on JSON numbers have exponents, as floats do. */
const LEAST_FLOAT = 1e21;

function fromNumber(value: number): Value {
  if (!Number.isInteger(value) || Object.is(value, -0) || Math.abs(value) >= LEAST_FLOAT) return value;
  return BigInt(value);
}

/** The same object becomes the same value. */
function fromObject(value: object, known: Map<object, Value | undefined>): Value {
  if (value instanceof PyObject) return value;
  if (value instanceof Float) return value.value;
  if (known.has(value)) {
    const before = known.get(value);
    if (before === undefined) throw new TemplateError('a value that contains itself cannot be given to a template');
    return before;
  }
  known.set(value, undefined);
  const converted = Array.isArray(value)
    ? value.map(item => convert(item, known))
    : Dict.of(
        entriesOf(value).map(([key, item]) => [
          typeof key === 'string' ? key : convert(key, known),
          convert(item, known),
        ]),
      );
  known.set(value, converted);
  return converted;
}

function entriesOf(value: object): [unknown, unknown][] {
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  return entries.filter(([, item]) => item !== undefined);
}
