/** Python's dict: keys in the order they came, equal keys (1, 1.0 and True) the same. */
import { typeError } from '../errors.ts';
import { Bytes, Markup, PyObject, Range, Tuple, typeName, Undefined, type Value } from './values.ts';

export class Dict extends PyObject {
  readonly typeName = 'dict';
  readonly #entries = new Map<unknown, [key: Value, value: Value]>();

  static of(entries: Iterable<readonly [Value, Value]>): Dict {
    const dict = new Dict();
    for (const [key, value] of entries) dict.set(key, value);
    return dict;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Value): Value | undefined {
    return this.#entries.get(hashKey(key))?.[1];
  }

  has(key: Value): boolean {
    return this.#entries.has(hashKey(key));
  }

  /** Keeps the key that was there first, as Python does. */
  set(key: Value, value: Value): void {
    const hash = hashKey(key);
    const entry = this.#entries.get(hash);
    if (entry) entry[1] = value;
    else this.#entries.set(hash, [key, value]);
  }

  delete(key: Value): boolean {
    return this.#entries.delete(hashKey(key));
  }

  clear(): void {
    this.#entries.clear();
  }

  entries(): IterableIterator<[Value, Value]> {
    return this.#entries.values();
  }

  *keys(): IterableIterator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }

  *values(): IterableIterator<Value> {
    for (const [, value] of this.#entries.values()) yield value;
  }
}

/** `dict.keys()`, `.values()` and `.items()`. */
export class DictView extends PyObject {
  readonly typeName: string;
  constructor(
    readonly dict: Dict,
    readonly kind: 'keys' | 'values' | 'items',
  ) {
    super();
    this.typeName = `dict_${kind}`;
  }

  *[Symbol.iterator](): Iterator<Value> {
    if (this.kind === 'items') for (const [key, value] of this.dict.entries()) yield new Tuple([key, value]);
    else yield* this.kind === 'keys' ? this.dict.keys() : this.dict.values();
  }
}

/**
 * What a `Map` may compare by identity in place of the value.
 *
 * @throws TemplateError when the value is not hashable
 */
export function hashKey(value: Value): unknown {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'boolean':
      return value ? 1n : 0n;
    case 'number':
      return Number.isInteger(value) ? BigInt(value) : value;
    case 'bigint':
      return value;
  }
  if (value === null) return null;
  if (value instanceof Markup) return `s${value.text}`;
  if (value instanceof Tuple) return `t${value.items.map(item => keyText(hashKey(item))).join('')}`;
  if (value instanceof Bytes) return `b${value.bytes.join()}`;
  if (value instanceof Range) return `r${value.start},${value.length},${value.step}`;
  if (value instanceof Undefined) {
    if (value.isStrict) throw value.reason();
    return Undefined;
  }
  if (Array.isArray(value) || value instanceof Dict || value instanceof DictView) {
    throw typeError(`unhashable type: '${typeName(value)}'`);
  }
  return value;
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/** Different keys have different texts, and none begins another. */
function keyText(key: unknown): string {
  if (typeof key === 'string') return `s${key.length}:${key};`;
  if ((typeof key === 'object' && key !== null) || typeof key === 'function') {
    const identity = identities.get(key) ?? ++lastIdentity;
    identities.set(key, identity);
    return `o${identity};`;
  }
  return `${typeof key}${key};`;
}
