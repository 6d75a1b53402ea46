/** Methods and attributes of Python's lists, tuples, dicts, numbers, ranges and bytes. */
import { typeError, valueError } from '../errors.ts';
import { equals, sorted } from './compare.ts';
import { Dict, DictView } from './dict.ts';
import { items, toList } from './iterate.ts';
import { repr } from './repr.ts';
import { intArgument, type Methods, method, textArgument } from './signature.ts';
import { type Bytes, isInt, isNumber, PyFunction, type Range, Tuple, type Value } from './values.ts';

/** The position of a value between two bounds. */
function indexOf(values: readonly Value[], value: Value, start: Value | undefined, stop: Value | undefined): bigint {
  const at = (bound: Value | undefined, fallback: number): number => {
    if (bound === undefined) return fallback;
    const index = intArgument(bound);
    return index < 0 ? Math.max(index + values.length, 0) : index;
  };
  const end = Math.min(at(stop, values.length), values.length);
  for (let i = at(start, 0); i < end; i++) if (equals(values[i], value)) return BigInt(i);
  throw valueError(`${repr(value)} is not in list`);
}

const count = (values: readonly Value[], value: Value): bigint =>
  BigInt(values.filter(item => equals(item, value)).length);

export const LIST_METHODS: Methods<Value[]> = {
  count: method('value /', (self, value) => count(self, value)),
  index: method('value start? stop? /', (self, value, start, stop) => indexOf(self, value, start, stop)),
  copy: method('/', self => [...self]),
  append: method('object /', (self, object) => {
    self.push(object);
    return null;
  }),
  extend: method('iterable /', (self, values) => {
    self.push(...toList(values));
    return null;
  }),
  insert: method('index object /', (self, index, object) => {
    self.splice(intArgument(index), 0, object);
    return null;
  }),
  pop: method('index? /', (self, index) => {
    const at = index === undefined ? -1 : intArgument(index);
    const position = at < 0 ? at + self.length : at;
    if (position < 0 || position >= self.length) throw valueError('pop index out of range');
    return self.splice(position, 1)[0];
  }),
  remove: method('value /', (self, value) => {
    self.splice(Number(indexOf(self, value, undefined, undefined)), 1);
    return null;
  }),
  clear: method('/', self => {
    self.length = 0;
    return null;
  }),
  reverse: method('/', self => {
    self.reverse();
    return null;
  }),
  sort: method('/', self => {
    self.splice(0, self.length, ...sorted(self, value => value));
    return null;
  }),
};

export const TUPLE_METHODS: Methods<Tuple> = {
  count: method('value /', (self, value) => count(self.items, value)),
  index: method('value start? stop? /', (self, value, start, stop) => indexOf(self.items, value, start, stop)),
};

/** Key and value of what `dict()` and `update` take. */
export function* pairs(source: Value): Generator<[Value, Value]> {
  if (source instanceof Dict) {
    yield* source.entries();
    return;
  }
  for (const entry of items(source)) {
    const pair = toList(entry);
    if (pair.length !== 2)
      throw valueError(`dictionary update sequence element has length ${pair.length}; 2 is required`);
    yield [pair[0], pair[1]];
  }
}

export const DICT_METHODS: Methods<Dict> = {
  get: method('key default? /', (self, key, fallback = null) => (self.has(key) ? self.get(key)! : fallback)),
  keys: method('/', self => new DictView(self, 'keys')),
  values: method('/', self => new DictView(self, 'values')),
  items: method('/', self => new DictView(self, 'items')),
  copy: method('/', self => Dict.of(self.entries())),
  fromkeys: method('iterable value? /', (_, keys, value = null) => Dict.of(toList(keys).map(key => [key, value]))),
  clear: method('/', self => {
    self.clear();
    return null;
  }),
  pop: method('key default? /', (self, key, fallback) => {
    const value = self.has(key) ? self.get(key) : fallback;
    if (value === undefined) throw valueError(`KeyError: ${repr(key)}`);
    self.delete(key);
    return value;
  }),
  popitem: method('/', self => {
    const last = [...self.entries()].at(-1);
    if (!last) throw valueError('popitem(): dictionary is empty');
    self.delete(last[0]);
    return new Tuple(last);
  }),
  setdefault: method('key default? /', (self, key, fallback = null) => {
    if (!self.has(key)) self.set(key, fallback);
    return self.get(key)!;
  }),
};

/** `dict.update`, which takes names as well. */
export const dictUpdate = (self: Dict): PyFunction =>
  new PyFunction('update', (args, kwargs) => {
    if (args.length > 1) throw typeError(`update expected at most 1 argument, got ${args.length}`);
    for (const source of args) for (const [key, value] of pairs(source)) self.set(key, value);
    for (const [key, value] of kwargs) self.set(key, value);
    return null;
  });

export const RANGE_METHODS: Methods<Range> = {
  count: method('value /', (self, value) => count([...items(self)], value)),
  index: method('value /', (self, value) => indexOf([...items(self)], value, undefined, undefined)),
};

export const BYTES_METHODS: Methods<Bytes> = {
  decode: method('encoding? errors?', (self, encoding) => {
    const name = encoding === undefined ? 'utf-8' : textArgument(encoding);
    if (!/^(utf-?8|ascii)$/i.test(name)) throw valueError(`decoding from ${name} is not supported`);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(self.bytes);
  }),
  hex: method('/', self => Buffer.from(self.bytes).toString('hex')),
};

type Numeric = bigint | boolean | number;

export const INT_METHODS: Methods<Numeric> = {
  bit_length: method('/', self => BigInt(self ? bits(self).length : 0)),
  bit_count: method('/', self => BigInt(bits(self).replaceAll('0', '').length)),
  conjugate: method('/', self => BigInt(self)),
  as_integer_ratio: method('/', self => new Tuple([BigInt(self), 1n])),
};

const bits = (value: Numeric): string => BigInt(value).toString(2).replace('-', '');

export const FLOAT_METHODS: Methods<Numeric> = {
  is_integer: method('/', self => Number.isInteger(self)),
  conjugate: method('/', self => self),
};

export function numberAttribute(value: Value, name: string): Value | undefined {
  if (!isNumber(value)) return undefined;
  const whole = isInt(value) ? BigInt(value) : value;
  if (name === 'real') return whole;
  if (name === 'imag') return isInt(value) ? 0n : 0;
  if (name === 'numerator' && isInt(value)) return whole;
  return name === 'denominator' && isInt(value) ? 1n : undefined;
}
