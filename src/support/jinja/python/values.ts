/**
 * Python's values in JavaScript: None is null, int is bigint, float is number, str is string, list is an array.
 * What JavaScript lacks is a class here.
 */
import type { TemplateError } from '../errors.ts';

export type Value = null | boolean | bigint | number | string | Value[] | PyObject;

export type Kwargs = ReadonlyMap<string, Value>;

/** A value that has no counterpart in JavaScript. */
export abstract class PyObject {
  /** As error messages name the type. */
  abstract readonly typeName: string;

  /** An attribute of the object, undefined where it has none of that name. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }
}

export class Tuple extends PyObject {
  readonly typeName: string = 'tuple';
  constructor(readonly items: readonly Value[]) {
    super();
  }
}

/** A text that is HTML already (MarkupSafe's `Markup`): what joins it is escaped. */
export class Markup extends PyObject {
  readonly typeName = 'Markup';
  constructor(readonly text: string) {
    super();
  }
}

export class Bytes extends PyObject {
  readonly typeName = 'bytes';
  constructor(readonly bytes: Uint8Array) {
    super();
  }
}

/** Python's `range`: start, start + step, … before stop. */
export class Range extends PyObject {
  readonly typeName = 'range';
  readonly length: number;

  constructor(
    readonly start: bigint,
    readonly stop: bigint,
    readonly step: bigint,
  ) {
    super();
    const span = step > 0n ? stop - start : start - stop;
    const stride = step > 0n ? step : -step;
    this.length = span <= 0n ? 0 : Number((span + stride - 1n) / stride);
  }

  at(index: number): bigint {
    return this.start + BigInt(index) * this.step;
  }

  override attribute(name: string): Value | undefined {
    return name === 'start' || name === 'stop' || name === 'step' ? this[name] : undefined;
  }
}

/** What can be iterated once: a generator, or an iterator over a sequence. */
export class PyIterator extends PyObject {
  constructor(
    readonly iterator: Iterator<Value>,
    readonly typeName = 'generator',
  ) {
    super();
  }
}

/** A function, or a method bound to its object. */
export class PyFunction extends PyObject {
  readonly typeName: string = 'function';
  constructor(
    readonly name: string,
    readonly call: (args: Value[], kwargs: Kwargs) => Value,
  ) {
    super();
  }
}

/** What a name, attribute or item that does not exist evaluates to. */
export class Undefined extends PyObject {
  readonly typeName = 'Undefined';
  /**
   * @param reason why it is undefined, for the error that its use raises
   * @param isStrict raises on printing, comparing and iterating too (`StrictUndefined`)
   */
  constructor(
    readonly reason: () => TemplateError,
    readonly isStrict = false,
  ) {
    super();
  }
}

export const isStr = (value: Value): value is string | Markup => typeof value === 'string' || value instanceof Markup;

/** The characters of a str. */
export const textOf = (value: string | Markup): string => (typeof value === 'string' ? value : value.text);

/** Whether a value is an int; Python's bool is one. */
export const isInt = (value: Value): value is bigint | boolean =>
  typeof value === 'bigint' || typeof value === 'boolean';

export const isNumber = (value: Value): value is bigint | boolean | number => isInt(value) || typeof value === 'number';

export function typeName(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'boolean':
      return 'bool';
    default:
      if (value === null) return 'NoneType';
      return Array.isArray(value) ? 'list' : value.typeName;
  }
}
