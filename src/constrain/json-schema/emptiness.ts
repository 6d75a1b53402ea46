/** Whether it is plain to see that no value follows schemas together: what keeps alternatives from multiplying. */
import type { Schema } from './keywords.ts';
import type { Some } from './negation.ts';
import { numberRange } from './numbers.ts';
import { at, type Located } from './references.ts';
import { type Plain, plainOf, type Reader, type Together } from './together.ts';
import { isListed, typesOf } from './types.ts';
import { listedValues } from './values.ts';

/** How deep properties and alternatives are looked into. */
const DEEPEST = 3;
/** More values of a list are not weighed for this. */
const MOST_VALUES = 1000;
const MOST_ALTERNATIVES = 12;

/** True where it is certain; false where a value may follow all, or it is not clear. */
export function isClearlyEmpty(reader: Reader, all: Together, depth = 0): boolean {
  const plain = plainOf(all);
  const types = typesOf(plain);
  if (types.size === 0) return true;
  if (isListed(plain)) {
    const isLong = plain.some(({ schema }) => ((schema.enum as unknown[] | undefined)?.length ?? 0) > MOST_VALUES);
    return !isLong && listedValues(reader, { plain: all.plain, groups: new Map() }).length === 0;
  }
  if (types.size === 1) {
    const [type] = types;
    if (type === 'object' && isEmptyObject(reader, plain, depth)) return true;
    if ((type === 'number' || type === 'integer') && isEmptyRange(plain)) return true;
    if (type === 'string' && least(plain, 'minLength') > most(plain, 'maxLength')) return true;
    if (type === 'array' && least(plain, 'minItems') > most(plain, 'maxItems')) return true;
  }
  if (depth >= DEEPEST) return false;
  for (const { alternatives, within } of all.groups.values()) {
    const known = alternatives();
    if (!known || known.length > MOST_ALTERNATIVES) continue;
    const isFailing = (schemas: readonly Located[]): boolean => {
      const both = reader.together(schemas, { plain: all.plain, groups: new Map() }, within);
      return !both || isClearlyEmpty(reader, both, depth + 2);
    };
    if (known.every(isFailing)) return true;
  }
  return false;
}

const least = (plain: readonly Plain[], keyword: string): number =>
  Math.max(0, ...plain.map(({ schema }) => (schema[keyword] as number | undefined) ?? 0));
const most = (plain: readonly Plain[], keyword: string): number =>
  Math.min(...plain.map(({ schema }) => (schema[keyword] as number | undefined) ?? Number.POSITIVE_INFINITY));

function isEmptyRange(plain: readonly Plain[]): boolean {
  const { low, high } = numberRange(plain);
  if (!low || !high) return false;
  return low.value > high.value || (low.value === high.value && (low.isExclusive || high.isExclusive));
}

/** Whether a property that is required can have no value, or one that must be there has no place. */
function isEmptyObject(reader: Reader, plain: readonly Plain[], depth: number): boolean {
  const required = new Set(plain.flatMap(({ schema }) => (schema.required as string[] | undefined) ?? []));
  if (required.size > most(plain, 'maxProperties')) return true;
  for (const name of required) {
    const value = reader.together(plain.flatMap(one => propertySchemas(one, name)));
    if (!value || (depth < DEEPEST && isClearlyEmpty(reader, value, depth + 1))) return true;
  }
  const witnesses = plain.flatMap(({ schema }) => (schema['~some'] as Some[] | undefined) ?? []);
  if (witnesses.length === 0) return false;
  const closed = plain.find(
    ({ schema }) => schema.additionalProperties === false && schema.patternProperties === undefined,
  );
  if (!closed) return false;
  const names = Object.keys((closed.schema.properties ?? {}) as object);
  return witnesses.some(some => {
    if (some.name !== undefined || some.pattern !== undefined || some.patterns?.length) return false;
    return names.every(name => {
      if (some.names?.includes(name)) return true;
      const value = reader.together([...plain.flatMap(one => propertySchemas(one, name)), at(some.value, '#')]);
      return !value || (depth < DEEPEST && isClearlyEmpty(reader, value, depth + 1));
    });
  });
}

/** What a schema says of a property, as far as that is sure. */
export function propertySchemas({ schema, path }: Plain, name: string): Located[] {
  const properties = schema.properties as Record<string, Schema> | undefined;
  if (properties && Object.hasOwn(properties, name)) return [at(properties[name], path, 'properties', name)];
  if (schema.patternProperties !== undefined || schema.additionalProperties === undefined) return [];
  return [at(schema.additionalProperties, path, 'additionalProperties')];
}
