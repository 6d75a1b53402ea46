/** Whether a value that is given follows schemas: what becomes of `enum` and `const` beside other keywords. */
import { matches } from '../automata/dfa.ts';
import { memo } from '../memo.ts';
import { inner } from './json-text.ts';
import { isObject, type JsonType, type Schema, type SchemaObject } from './keywords.ts';
import type { Contains, Some } from './negation.ts';
import { isMultiple } from './numbers.ts';
import { at, type Located } from './references.ts';
import { formatDfa, patternDfa } from './strings.ts';
import type { Plain, Reader, Together } from './together.ts';
import type { RestOfItems, RestOfProperties } from './unevaluated.ts';

export function followsAll(reader: Reader, value: unknown, all: Together): boolean {
  for (const plain of all.plain.values()) if (!followsOwn(reader, value, plain)) return false;
  for (const { alternatives, within } of all.groups.values()) {
    if (!alternatives()?.some(schemas => follows(reader, value, schemas, within))) return false;
  }
  return true;
}

export function follows(
  reader: Reader,
  value: unknown,
  schemas: readonly Located[],
  within?: readonly string[],
): boolean {
  const all = reader.together(schemas, undefined, within);
  return all !== undefined && followsAll(reader, value, all);
}

/** The values of the lists that stand in all of them, and follow everything else that is said. */
export function listedValues(reader: Reader, all: Together): unknown[] {
  const lists = [...all.plain.values()].flatMap(({ schema }) => listsOf(schema));
  const unique = new Map(bySpelling(lists[0]));
  for (const list of lists.slice(1)) {
    const others = bySpelling(list);
    for (const key of unique.keys()) if (!others.has(key)) unique.delete(key);
  }
  return [...unique.values()].filter(value => followsAll(reader, value, all));
}

/** `enum` and `const`. */
const listsOf = (schema: SchemaObject): unknown[][] => [
  ...(schema.enum === undefined ? [] : [schema.enum as unknown[]]),
  ...(Object.hasOwn(schema, 'const') ? [[schema.const]] : []),
];

const bySpelling = (list: readonly unknown[]): ReadonlyMap<string, unknown> =>
  memo(spellings, list, () => new Map(list.map(value => [spelled(value), value])));
const spellings = new WeakMap<readonly unknown[], ReadonlyMap<string, unknown>>();

/** Equal values have the same: the order of properties does not count. */
export const spelled = (value: unknown): string =>
  JSON.stringify(value, (_, inner) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );

function hasType(value: unknown, type: JsonType): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function followsOwn(reader: Reader, value: unknown, { schema, path }: Plain): boolean {
  if (schema.type !== undefined && ![schema.type].flat().some(type => hasType(value, type as JsonType))) return false;
  if (!listsOf(schema).every(list => bySpelling(list).has(spelled(value)))) return false;
  const others = schema['~notEnum'] as unknown[] | undefined;
  if (others?.some(other => spelled(other) === spelled(value))) return false;
  if (typeof value === 'number') return isNumberOf(value, schema);
  if (typeof value === 'string') return isStringOf(value, schema, path);
  if (Array.isArray(value)) return isArrayOf(reader, value, schema, path);
  return !isObject(value) || isObjectOf(reader, value, schema, path);
}

function isNumberOf(value: number, schema: SchemaObject): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema as Record<
    string,
    number | undefined
  >;
  const notMultiple = schema['~notMultipleOf'] as number | undefined;
  return (
    !(minimum !== undefined && value < minimum) &&
    !(maximum !== undefined && value > maximum) &&
    !(exclusiveMinimum !== undefined && value <= exclusiveMinimum) &&
    !(exclusiveMaximum !== undefined && value >= exclusiveMaximum) &&
    !(multipleOf !== undefined && !isMultiple(value, multipleOf)) &&
    !(notMultiple !== undefined && isMultiple(value, notMultiple)) &&
    !(schema['~fraction'] === true && Number.isInteger(value))
  );
}

function isStringOf(value: string, schema: SchemaObject, path: string): boolean {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema as Record<string, number | undefined>;
  const length = [...value].length;
  if (length < minLength || length > maxLength) return false;
  const bytes = Buffer.from(inner(value));
  const { pattern, format } = schema as Record<string, string | undefined>;
  const [notPattern, notFormat] = [schema['~notPattern'], schema['~notFormat']] as (string | undefined)[];
  const isOf = (name: string): boolean => matches(formatDfa(name) ?? EVERYTHING, bytes);
  return (
    !(pattern !== undefined && !matches(patternDfa(pattern, path), bytes)) &&
    !(format !== undefined && !isOf(format)) &&
    !(notPattern !== undefined && matches(patternDfa(notPattern, path), bytes)) &&
    !(notFormat !== undefined && isOf(notFormat))
  );
}
const EVERYTHING = {
  classOf: new Uint8Array(256),
  classes: 1,
  next: Int32Array.of(0),
  accepting: Uint8Array.of(1),
};

function isArrayOf(reader: Reader, items: unknown[], schema: SchemaObject, path: string): boolean {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema as Record<string, number | undefined>;
  if (items.length < minItems || items.length > maxItems) return false;
  const isRepeated = new Set(items.map(spelled)).size < items.length;
  if (schema.uniqueItems === true && isRepeated) return false;
  if (schema['~repeated'] === true && !isRepeated) return false;
  const first = (schema.prefixItems as Schema[] | undefined) ?? [];
  const isItem = (item: unknown, inner: unknown): boolean => follows(reader, item, [at(inner, path, 'items')]);
  for (const [i, item] of items.entries()) {
    const asked = first[i] ?? schema.items;
    if (asked !== undefined && !isItem(item, asked)) return false;
    const rest = schema['~restItems'] as RestOfItems | undefined;
    if (rest && i >= rest.from && !isItem(item, rest.value)) return false;
  }
  return containsOf(schema).every(({ from, value, min, max }) => {
    const count = items.slice(from).filter(item => isItem(item, value)).length;
    return count >= min && count <= max;
  });
}

/** All that a schema says of how many items follow another. */
export function containsOf(schema: SchemaObject): Contains[] {
  const { minContains: min = 1, maxContains: max = Number.POSITIVE_INFINITY } = schema as Record<
    string,
    number | undefined
  >;
  const own = schema.contains === undefined ? [] : [{ from: 0, value: schema.contains as Schema, min, max }];
  return [...own, ...((schema['~contains'] as Contains[] | undefined) ?? [])];
}

function isObjectOf(reader: Reader, value: Record<string, unknown>, schema: SchemaObject, path: string): boolean {
  const names = Object.keys(value);
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema as Record<string, number | undefined>;
  if (names.length < minProperties || names.length > maxProperties) return false;
  if (!((schema.required as string[] | undefined) ?? []).every(name => Object.hasOwn(value, name))) return false;
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const patterns = Object.entries((schema.patternProperties ?? {}) as Record<string, Schema>);
  const isNamed = (name: string, pattern: string): boolean =>
    matches(patternDfa(pattern, at(0, path, 'patternProperties', pattern).path), Buffer.from(inner(name)));
  const holds = (one: unknown, asked: unknown): boolean => follows(reader, one, [at(asked, path, 'properties')]);
  for (const name of names) {
    const one = value[name];
    const own = [
      ...(Object.hasOwn(properties, name) ? [properties[name]] : []),
      ...patterns.filter(([pattern]) => isNamed(name, pattern)).map(([, asked]) => asked),
    ];
    if (own.length === 0 && schema.additionalProperties !== undefined) own.push(schema.additionalProperties as Schema);
    if (!own.every(asked => holds(one, asked))) return false;
    if (schema.propertyNames !== undefined && !holds(name, schema.propertyNames)) return false;
    const rest = schema['~rest'] as RestOfProperties | undefined;
    const isRest = rest && !rest.names.includes(name) && !rest.patterns.some(pattern => isNamed(name, pattern));
    if (isRest && !holds(one, rest.value)) return false;
  }
  return ((schema['~some'] as Some[] | undefined) ?? []).every(some =>
    names.some(
      name =>
        !some.names?.includes(name) &&
        !some.patterns?.some(pattern => isNamed(name, pattern)) &&
        (some.pattern === undefined || isNamed(name, some.pattern)) &&
        (some.name === undefined || holds(name, some.name)) &&
        holds(value[name], some.value),
    ),
  );
}
