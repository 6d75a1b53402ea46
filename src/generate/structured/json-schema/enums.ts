/** `enum` and `const`: the values of the list that follow everything else that is said. */
import { dfaOf, isEmpty, matches } from '../automata/dfa.ts';
import { type JsonType, unsupported } from './keywords.ts';
import type { Plain } from './members.ts';
import { isInRange, numberRange } from './numbers.ts';
import { stringText } from './strings.ts';

/** Keywords that say something of objects and arrays, and are not weighed against a value in a list. */
const OF_CONTAINERS = [
  'properties',
  'required',
  'additionalProperties',
  'patternProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'items',
  'prefixItems',
  'additionalItems',
  'minItems',
  'maxItems',
];

export function followsEnum(plain: readonly Plain[], types: ReadonlySet<JsonType>): unknown[] {
  const lists = plain.flatMap(({ schema }) => [
    ...(schema.enum === undefined ? [] : [schema.enum as unknown[]]),
    ...(Object.hasOwn(schema, 'const') ? [[schema.const]] : []),
  ]);
  const [first, ...others] = lists;
  const inAll = first.filter(value => others.every(list => list.some(other => isSame(value, other))));
  const unique = [...new Map(inAll.map(value => [JSON.stringify(value), value])).values()];
  const range = numberRange(plain);
  const text = stringText(plain);
  const isPlainString = !plain.some(({ schema }) =>
    ['minLength', 'maxLength', 'pattern', 'format'].some(keyword => schema[keyword] !== undefined),
  );
  return unique.filter(value => {
    if (value === null) return types.has('null');
    if (typeof value === 'boolean') return types.has('boolean');
    if (typeof value === 'number') {
      return (types.has('number') || (types.has('integer') && Number.isInteger(value))) && isInRange(value, range);
    }
    if (typeof value === 'string') {
      if (!types.has('string')) return false;
      if (isPlainString) return true;
      const dfa = dfaOf(text);
      return !isEmpty(dfa) && matches(dfa, Buffer.from(JSON.stringify(value)));
    }
    if (!types.has(Array.isArray(value) ? 'array' : 'object')) return false;
    for (const { schema, path } of plain) {
      const keyword = OF_CONTAINERS.find(name => schema[name] !== undefined);
      if (keyword !== undefined) throw unsupported(keyword, path, 'beside an enum or const with objects or arrays');
    }
    return true;
  });
}

/** Equality of JSON values: the order of properties does not count. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [keysA, keysB] = [Object.keys(a), Object.keys(b)];
  return (
    keysA.length === keysB.length &&
    keysA.every(
      key => Object.hasOwn(b, key) && isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
    )
  );
}
