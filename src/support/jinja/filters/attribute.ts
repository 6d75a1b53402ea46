/** What the parameter `attribute` of many filters reaches: `name`, `address.city`, `items.0`. */
import { hashKey } from '../python/dict.ts';
import { isStr, textOf, Undefined, type Value } from '../python/values.ts';
import type { FilterContext } from './filter.ts';

export type Getter = (item: Value) => Value;

/** Texts in small letters, other values as they are. */
export const ignoreCase = (value: Value): Value => (isStr(value) ? textOf(value).toLowerCase() : value);

export const sameCase = (value: Value): Value => value;

function pathOf(attribute: Value | undefined): Value[] {
  if (attribute === undefined || attribute === null) return [];
  if (!isStr(attribute)) return [attribute];
  return textOf(attribute)
    .split('.')
    .map(part => (/^\d+$/.test(part) ? BigInt(part) : part));
}

/** @param fallback in place of what is undefined on the way; None for nothing */
export function getter(context: FilterContext, attribute: Value | undefined, fallback: Value = null): Getter {
  const path = pathOf(attribute);
  return item => {
    let value = item;
    for (const part of path) {
      value = context.item(value, part);
      if (fallback !== null && value instanceof Undefined) value = fallback;
    }
    return value;
  };
}

/** Several attributes with commas between them, as a list. */
export function multiGetter(context: FilterContext, attribute: Value | undefined, post: Getter): Getter {
  const attributes = attribute !== undefined && isStr(attribute) ? textOf(attribute).split(',') : [attribute];
  const getters = attributes.map(part => getter(context, part));
  return item => getters.map(get => post(get(item)));
}

/** Whether a value was not there before. */
export function firstSeen(): (value: Value) => boolean {
  const seen = new Set<unknown>();
  return value => {
    const key = hashKey(value);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  };
}
