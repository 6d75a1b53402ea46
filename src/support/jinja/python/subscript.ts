/** `value[index]` and `value[start:stop:step]` of Python's sequences. */
import { typeError, valueError } from '../errors.ts';
import { Dict } from './dict.ts';
import { codePoints } from './text.ts';
import { Bytes, isInt, isStr, Markup, Range, Tuple, textOf, typeName, Undefined, type Value } from './values.ts';

export interface Slice {
  start: Value;
  stop: Value;
  step: Value;
}

/** The item, or undefined where Python raises a LookupError or TypeError. */
export function item(value: Value, key: Value): Value | undefined {
  if (value instanceof Dict) return isHashable(key) ? value.get(key) : undefined;
  if (!isInt(key)) return undefined;
  if (isStr(value)) {
    const points = codePoints(textOf(value));
    const at = position(key, points.length);
    if (at === undefined) return undefined;
    return value instanceof Markup ? new Markup(points[at]) : points[at];
  }
  if (Array.isArray(value)) return value[position(key, value.length) ?? -1];
  if (value instanceof Tuple) return value.items[position(key, value.items.length) ?? -1];
  if (value instanceof Range) {
    const at = position(key, value.length);
    return at === undefined ? undefined : value.at(at);
  }
  if (value instanceof Bytes) {
    const at = position(key, value.bytes.length);
    return at === undefined ? undefined : BigInt(value.bytes[at]);
  }
  return undefined;
}

const isHashable = (key: Value): boolean =>
  !(Array.isArray(key) || key instanceof Dict || (key instanceof Tuple && !key.items.every(isHashable)));

function position(key: bigint | boolean, length: number): number | undefined {
  const index = Number(key);
  const at = index < 0 ? index + length : index;
  return at >= 0 && at < length ? at : undefined;
}

export function slice(value: Value, bounds: Slice): Value {
  if (value instanceof Undefined) throw value.reason();
  if (isStr(value)) {
    const points = codePoints(textOf(value));
    const text = pick(points, bounds).join('');
    return value instanceof Markup ? new Markup(text) : text;
  }
  if (Array.isArray(value)) return pick(value, bounds);
  if (value instanceof Tuple) return new Tuple(pick(value.items, bounds));
  if (value instanceof Bytes) return new Bytes(Uint8Array.from(pick(value.bytes, bounds)));
  if (value instanceof Range) {
    const [start, stop, step] = indices(bounds, value.length);
    return new Range(value.at(start), value.at(stop), value.step * BigInt(step));
  }
  if (value instanceof Dict) throw typeError("unhashable type: 'slice'");
  throw typeError(`'${typeName(value)}' object is not subscriptable`);
}

function pick<T>(values: ArrayLike<T>, bounds: Slice): T[] {
  const [start, stop, step] = indices(bounds, values.length);
  const picked: T[] = [];
  if (step > 0) for (let i = start; i < stop; i += step) picked.push(values[i]);
  else for (let i = start; i > stop; i += step) picked.push(values[i]);
  return picked;
}

/** Python's `slice.indices`. */
function indices({ start, stop, step }: Slice, length: number): [start: number, stop: number, step: number] {
  const stride = step === null ? 1 : bound(step);
  if (stride === 0) throw valueError('slice step cannot be zero');
  const [lowest, highest] = stride < 0 ? [-1, length - 1] : [0, length];
  const clamp = (value: Value, fallback: number): number => {
    if (value === null) return fallback;
    const index = bound(value);
    return Math.min(Math.max(index < 0 ? index + length : index, lowest), highest);
  };
  return [clamp(start, stride < 0 ? highest : lowest), clamp(stop, stride < 0 ? lowest : highest), stride];
}

function bound(value: Value): number {
  if (isInt(value)) return Number(value);
  if (value instanceof Undefined && value.isStrict) throw value.reason();
  throw typeError('slice indices must be integers or None or have an __index__ method');
}
