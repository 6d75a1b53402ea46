/** `iter()`, `len()`, `in`, and what they ask of a value. */
import { typeError } from '../errors.ts';
import { equals } from './compare.ts';
import { Dict, DictView } from './dict.ts';
import { str } from './repr.ts';
import { length as textLength } from './text.ts';
import {
  Bytes,
  isInt,
  isStr,
  Markup,
  PyIterator,
  type PyObject,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from './values.ts';

/** Objects of ours that can be iterated say so with this method; those with a length with `length`. */
interface Sized {
  length: number;
}

const hasIterator = (value: PyObject): value is PyObject & Iterable<Value> => Symbol.iterator in value;
const hasLength = (value: PyObject): value is PyObject & Sized => 'length' in value && typeof value.length === 'number';

/** @throws TemplateError when the value cannot be iterated */
export function iterate(value: Value): Iterator<Value> {
  if (typeof value === 'string') return value[Symbol.iterator]();
  if (Array.isArray(value)) return value[Symbol.iterator]();
  if (typeof value === 'object' && value !== null) {
    if (value instanceof PyIterator) return value.iterator;
    if (value instanceof Tuple) return value.items[Symbol.iterator]();
    if (value instanceof Dict) return value.keys();
    if (value instanceof Markup) return value.text[Symbol.iterator]();
    if (value instanceof Range) return rangeItems(value);
    if (value instanceof Bytes) return Array.from(value.bytes, BigInt)[Symbol.iterator]();
    if (value instanceof Undefined) {
      if (value.isStrict) throw value.reason();
      return [][Symbol.iterator]();
    }
    if (hasIterator(value)) return value[Symbol.iterator]();
  }
  throw typeError(`'${typeName(value)}' object is not iterable`);
}

function* rangeItems(range: Range): Generator<Value> {
  for (let i = 0; i < range.length; i++) yield range.at(i);
}

/** For `for … of`, without closing an iterator that is left early: Python goes on where it stopped. */
export function* items(value: Value): Generator<Value> {
  const iterator = iterate(value);
  for (let next = iterator.next(); !next.done; next = iterator.next()) yield next.value;
}

export const toList = (value: Value): Value[] => (Array.isArray(value) ? [...value] : [...items(value)]);

export function isIterable(value: Value): boolean {
  if (value instanceof Undefined && value.isStrict) throw value.reason();
  if (typeof value === 'string' || Array.isArray(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const kinds = [PyIterator, Tuple, Dict, Markup, Range, Bytes, Undefined];
  return kinds.some(kind => value instanceof kind) || hasIterator(value);
}

/** `len()`, undefined for what has none. */
export function lengthOf(value: Value): number | undefined {
  if (isStr(value)) return textLength(textOf(value));
  if (Array.isArray(value)) return value.length;
  if (value instanceof Tuple) return value.items.length;
  if (value instanceof Dict) return value.size;
  if (value instanceof DictView) return value.dict.size;
  if (value instanceof Bytes) return value.bytes.length;
  if (value instanceof Undefined) {
    if (value.isStrict) throw value.reason();
    return 0;
  }
  return typeof value === 'object' && value !== null && hasLength(value) ? value.length : undefined;
}

export function len(value: Value): bigint {
  const length = lengthOf(value);
  if (length === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`);
  return BigInt(length);
}

/** `item in container`. */
export function contains(container: Value, item: Value): boolean {
  if (isStr(container)) {
    if (!isStr(item)) throw typeError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
    return textOf(container).includes(textOf(item));
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof DictView && container.kind === 'keys') return container.dict.has(item);
  if (container instanceof Range && isInt(item)) {
    const offset = BigInt(item) - container.start;
    const index = offset / container.step;
    return offset % container.step === 0n && index >= 0n && index < BigInt(container.length);
  }
  if (container instanceof Undefined && container.isStrict) throw container.reason();
  if (!isIterable(container)) throw typeError(`argument of type '${typeName(container)}' is not iterable`);
  for (const other of items(container)) if (other === item || equals(other, item)) return true;
  return false;
}

/** `separator.join(map(str, items))`. */
export const joined = (values: Iterable<Value>, separator = ''): string => Array.from(values, str).join(separator);
