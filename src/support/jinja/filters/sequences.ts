/** Filters of sequences and dicts: "List of Builtin Filters" of Jinja's template documentation. */
import { typeError, valueError } from '../errors.ts';
import { binary } from '../python/arithmetic.ts';
import { equals, ordered, sorted, truth } from '../python/compare.ts';
import { Dict, DictView } from '../python/dict.ts';
import { escapeHtml } from '../python/escape.ts';
import { items, iterate, len, toList } from '../python/iterate.ts';
import { str } from '../python/repr.ts';
import { intArgument } from '../python/signature.ts';
import { item } from '../python/subscript.ts';
import {
  Bytes,
  isInt,
  isStr,
  Markup,
  PyIterator,
  Range,
  Tuple,
  textOf,
  typeName,
  Undefined,
  type Value,
} from '../python/values.ts';
import { firstSeen, type Getter, getter, ignoreCase, multiGetter, sameCase } from './attribute.ts';
import { type Filter, type FilterContext, filter } from './filter.ts';

const caseOf = (isSensitive: Value | undefined): Getter =>
  isSensitive !== undefined && truth(isSensitive) ? sameCase : ignoreCase;

/** The items from the last to the first, undefined for what has no order or is gone through once. */
function backwards(value: Value): Value[] | undefined {
  const kinds = [Tuple, Dict, DictView, Range, Markup, Bytes, Undefined];
  const isSequence = typeof value === 'string' || Array.isArray(value) || kinds.some(kind => value instanceof kind);
  return isSequence ? toList(value).reverse() : undefined;
}

/** A generator of Python: nothing is computed, and nothing refused, before it is asked for. */
const lazily = (body: () => Generator<Value>): PyIterator => new PyIterator(body());

const extreme = (name: string, operator: '<' | '>'): Filter =>
  filter(name, 'value case_sensitive? attribute?', (context, value, caseSensitive, attribute) => {
    const get = getter(context, attribute);
    const post = caseOf(caseSensitive);
    let best: { item: Value; key: Value } | undefined;
    for (const item of items(value)) {
      const key = post(get(item));
      if (!best || ordered(key, operator, best.key)) best = { item, key };
    }
    return best ? best.item : context.undefined('No aggregated item, sequence was empty.');
  });

/** What `groupby` gives: a tuple whose parts have names. */
class Group extends Tuple {
  constructor(
    readonly grouper: Value,
    readonly list: Value[],
  ) {
    super([grouper, list]);
  }

  override attribute(name: string): Value | undefined {
    return name === 'grouper' || name === 'list' ? this[name] : undefined;
  }
}

function groups(context: FilterContext, value: Value, attribute: Value, fallback: Value = null, post: Getter): Value[] {
  const get = getter(context, attribute, fallback);
  const grouped: Group[] = [];
  let last: Value | undefined;
  for (const item of sorted(toList(value), item => post(get(item)))) {
    const key = post(get(item));
    if (last !== undefined && equals(last, key)) grouped.at(-1)!.list.push(item);
    else grouped.push(new Group(get(item), [item]));
    last = key;
  }
  return grouped;
}

function join(context: FilterContext, value: Value, separator: Value, attribute: Value | undefined): Value {
  const get = getter(context, attribute);
  const values = Array.from(items(value), item => (attribute === undefined || attribute === null ? item : get(item)));
  if (!context.escapes) return values.map(str).join(str(separator));
  const isHtml = separator instanceof Markup || values.some(item => item instanceof Markup);
  if (!isHtml) return values.map(str).join(str(separator));
  return new Markup(values.map(item => escapeHtml(item).text).join(escapeHtml(separator).text));
}

function* batches(value: Value, size: number, fill: Value): Generator<Value> {
  let batch: Value[] = [];
  for (const item of items(value)) {
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
    batch.push(item);
  }
  if (batch.length === 0) return;
  if (fill !== null) while (batch.length < size) batch.push(fill);
  yield batch;
}

function* slices(value: Value, count: number, fill: Value): Generator<Value> {
  const values = toList(value);
  if (count === 0) throw valueError('division by zero');
  const size = Math.floor(values.length / count);
  const larger = values.length - size * count;
  let from = 0;
  for (let i = 0; i < count; i++) {
    const to = from + size + (i < larger ? 1 : 0);
    const part = values.slice(from, to);
    if (fill !== null && i >= larger) part.push(fill);
    yield part;
    from = to;
  }
}

const length: Filter = filter('len', 'obj /', (_, value) => len(value));

export const SEQUENCE_FILTERS: Record<string, Filter> = {
  length,
  count: length,
  list: filter('list', 'value', (_, value) => toList(value)),
  first: filter('first', 'seq', (context, value) => {
    const first = iterate(value).next();
    return first.done ? context.undefined('No first item, sequence was empty.') : first.value;
  }),
  last: filter('last', 'seq', (context, value) => {
    const reversed = backwards(value);
    if (!reversed) throw typeError(`'${typeName(value)}' object is not reversible`);
    return reversed.length > 0 ? reversed[0] : context.undefined('No last item, sequence was empty.');
  }),
  random: filter('random', 'seq', (context, value) => {
    const size = Number(len(value));
    if (size === 0) return context.undefined('No random item, sequence was empty.');
    const chosen = item(value, BigInt(context.randomBelow(size)));
    if (chosen === undefined) throw typeError(`'${typeName(value)}' object has no items by position`);
    return chosen;
  }),
  reverse: filter('reverse', 'value', (_, value) => {
    if (isStr(value)) {
      const text = Array.from(textOf(value)).reverse().join('');
      return value instanceof Markup ? new Markup(text) : text;
    }
    const reversed = backwards(value);
    return reversed ? new PyIterator(reversed[Symbol.iterator](), 'list_reverseiterator') : toList(value).reverse();
  }),
  join: filter('join', 'value d? attribute?', (context, value, separator = '', attribute) =>
    join(context, value, separator, attribute),
  ),
  sort: filter(
    'sort',
    'value reverse? case_sensitive? attribute?',
    (context, value, reverse, caseSensitive, attribute) => {
      const key = multiGetter(context, attribute, caseOf(caseSensitive));
      return sorted(toList(value), key, reverse !== undefined && truth(reverse));
    },
  ),
  unique: filter('unique', 'value case_sensitive? attribute?', (context, value, caseSensitive, attribute) =>
    lazily(function* () {
      const get = getter(context, attribute);
      const post = caseOf(caseSensitive);
      const isNew = firstSeen();
      for (const item of items(value)) if (isNew(post(get(item)))) yield item;
    }),
  ),
  min: extreme('min', '<'),
  max: extreme('max', '>'),
  sum: filter('sum', 'iterable attribute? start?', (context, value, attribute, start = 0n) => {
    const get = getter(context, attribute);
    if (isStr(start)) throw typeError("sum() can't sum strings [use ''.join(seq) instead]");
    let sum: Value = start;
    for (const item of items(value)) sum = binary(sum, '+', get(item));
    return sum;
  }),
  groupby: filter(
    'groupby',
    'value attribute default? case_sensitive?',
    (context, value, attribute, fallback, caseSensitive) =>
      groups(context, value, attribute, fallback, caseOf(caseSensitive)),
  ),
  batch: filter('batch', 'value linecount fill_with?', (_, value, size, fill = null) =>
    lazily(() => batches(value, fill === null && !isInt(size) ? Number.NaN : intArgument(size), fill)),
  ),
  slice: filter('slice', 'value slices fill_with?', (_, value, count, fill = null) =>
    lazily(() => slices(value, intArgument(count), fill)),
  ),
  dictsort: filter('dictsort', 'value case_sensitive? by? reverse?', (_, value, caseSensitive, by = 'key', reverse) => {
    if (!isStr(by) || !['key', 'value'].includes(textOf(by))) {
      throw valueError('You can only sort by either "key" or "value"');
    }
    if (!(value instanceof Dict)) throw typeError(`'${typeName(value)}' object has no attribute 'items'`);
    const position = textOf(by) === 'key' ? 0 : 1;
    const post = caseOf(caseSensitive);
    const entries = Array.from(value.entries(), entry => new Tuple([...entry]));
    const key = (entry: Value): Value => post((entry as Tuple).items[position]);
    return sorted(entries, key, reverse !== undefined && truth(reverse));
  }),
  items: filter('items', 'value', (_, value) =>
    lazily(function* () {
      if (value instanceof Undefined) return;
      if (!(value instanceof Dict)) throw typeError('Can only get item pairs from a mapping.');
      yield* new DictView(value, 'items');
    }),
  ),
};
