/** Python's equality, order and truth. */
import { typeError } from '../errors.ts';
import { Dict, DictView } from './dict.ts';
import { compareText } from './text.ts';
import { Bytes, isNumber, isStr, Markup, Range, Tuple, textOf, typeName, Undefined, type Value } from './values.ts';

/** Python numbers compare by value whatever their type; bools are 0 and 1. */
const numeric = (value: bigint | boolean | number): bigint | number =>
  typeof value === 'boolean' ? BigInt(value) : value;

export function equals(a: Value, b: Value): boolean {
  for (const side of [a, b]) if (side instanceof Undefined && side.isStrict) throw side.reason();
  if (isNumber(a) && isNumber(b)) {
    // biome-ignore lint/suspicious/noDoubleEquals: an int and a float are equal when their values are
    return numeric(a) == numeric(b);
  }
  if (isStr(a) && isStr(b)) return textOf(a) === textOf(b);
  if (Array.isArray(a) && Array.isArray(b)) return sameItems(a, b);
  if (a instanceof Tuple && b instanceof Tuple) return sameItems(a.items, b.items);
  if (a instanceof Dict && b instanceof Dict) return sameEntries(a, b);
  if (a instanceof Undefined || b instanceof Undefined) return a instanceof Undefined && b instanceof Undefined;
  if (a instanceof Range && b instanceof Range) {
    return a.length === b.length && (a.length === 0 || (a.start === b.start && (a.length === 1 || a.step === b.step)));
  }
  if (a instanceof Bytes && b instanceof Bytes) return a.bytes.join() === b.bytes.join();
  if (a instanceof DictView && b instanceof DictView && a.kind !== 'values' && a.kind === b.kind) {
    return a.dict.size === b.dict.size && [...a].every(item => [...b].some(other => equals(item, other)));
  }
  return a === b;
}

const sameItems = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((item, i) => item === b[i] || equals(item, b[i]));

function sameEntries(a: Dict, b: Dict): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a.entries()) {
    const other = b.get(key);
    if (other === undefined || !(other === value || equals(value, other))) return false;
  }
  return true;
}

export type Ordering = '<' | '<=' | '>' | '>=';

/** @throws TemplateError when Python has no order for the two types */
export function ordered(a: Value, operator: Ordering, b: Value): boolean {
  for (const side of [a, b]) if (side instanceof Undefined) throw side.reason();
  if (isNumber(a) && isNumber(b)) return holds(numeric(a), operator, numeric(b));
  if (isStr(a) && isStr(b)) return holds(compareText(textOf(a), textOf(b)), operator, 0);
  if (Array.isArray(a) && Array.isArray(b)) return orderedItems(a, operator, b);
  if (a instanceof Tuple && b instanceof Tuple) return orderedItems(a.items, operator, b.items);
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

function holds(a: bigint | number, operator: Ordering, b: bigint | number): boolean {
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

/** The first items that differ decide, else the lengths. */
function orderedItems(a: readonly Value[], operator: Ordering, b: readonly Value[]): boolean {
  const differs = a.findIndex((item, i) => i >= b.length || !(item === b[i] || equals(item, b[i])));
  if (differs < 0 || differs >= b.length) return holds(a.length, operator, b.length);
  return ordered(a[differs], operator, b[differs]);
}

/** A copy in order, equal items as they were; `keys` are compared in place of the items. */
export function sorted(items: readonly Value[], key: (item: Value) => Value, isReversed = false): Value[] {
  const pairs = items.map(item => ({ item, key: key(item) }));
  const order = isReversed ? -1 : 1;
  pairs.sort((a, b) => (ordered(a.key, '<', b.key) ? -order : ordered(b.key, '<', a.key) ? order : 0));
  return pairs.map(pair => pair.item);
}

export function truth(value: Value): boolean {
  switch (typeof value) {
    case 'string':
      return value !== '';
    case 'boolean':
      return value;
    case 'bigint':
      return value !== 0n;
    case 'number':
      return value !== 0;
  }
  if (value === null) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Undefined) {
    if (value.isStrict) throw value.reason();
    return false;
  }
  if (value instanceof Tuple) return value.items.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof DictView) return value.dict.size > 0;
  if (value instanceof Markup) return value.text !== '';
  if (value instanceof Range) return value.length > 0;
  return value instanceof Bytes ? value.bytes.length > 0 : true;
}
