/** What a value follows that does not follow a schema: one of its keywords fails. */

import { FORMATS } from './formats.ts';
import { isObject, JSON_TYPES, type JsonType, type Schema, type SchemaObject, unsupported } from './keywords.ts';
import { at, type Located } from './references.ts';
import { make, type Reader } from './together.ts';

/** That an object has a property which is told by its name, with a value that follows a schema. */
export interface Some {
  /** Names that are not meant, and patterns of such. */
  names?: readonly string[];
  patterns?: readonly string[];
  /** The pattern of the names that are meant. */
  pattern?: string;
  /** What the name follows. */
  name?: Schema;
  value: Schema;
}

/** How many items from a position on follow a schema. */
export interface Contains {
  from: number;
  value: Schema;
  min: number;
  max: number;
}

const opposite = (schema: unknown): Schema => (typeof schema === 'boolean' ? !schema : { not: schema });

/**
 * @param own the schema's keywords as they are meant
 * @param source the schema itself, which references are relative to
 * @returns lists of schemas; a value does not follow `own` where it follows all of one list
 */
export function alternativesTo(
  own: SchemaObject,
  source: SchemaObject,
  path: string,
  reader: Reader,
): (readonly Located[])[] {
  const all: (readonly Located[])[] = [];
  const add = (...schemas: SchemaObject[]): void => {
    all.push(schemas.map(schema => at(make(schema), path)));
  };
  const failing = (located: Located): Located => ({ ...located, not: true });
  const named = (keyword: string): [string, unknown][] => Object.entries((own[keyword] ?? {}) as object);
  const numberOf = (keyword: string): number => own[keyword] as number;
  const fails: Record<string, () => void> = {
    type() {
      const types = [own.type].flat() as JsonType[];
      const others = JSON_TYPES.filter(
        type => type !== 'integer' && !types.includes(type) && !(type === 'number' && types.includes('integer')),
      );
      if (others.length > 0) add({ type: others });
      if (types.includes('integer') && !types.includes('number')) add({ type: 'number', '~fraction': true });
    },
    enum: () => all.push(unequal(own.enum as unknown[], path)),
    const: () => all.push(unequal([own.const], path)),
    properties() {
      for (const [name, value] of named('properties')) {
        add({ type: 'object', required: [name], properties: { [name]: opposite(value) } });
      }
    },
    required() {
      for (const name of own.required as string[]) add({ type: 'object', properties: { [name]: false } });
    },
    additionalProperties() {
      const names = Object.keys((own.properties ?? {}) as object);
      const patterns = Object.keys((own.patternProperties ?? {}) as object);
      some({ names, patterns, value: opposite(own.additionalProperties) });
    },
    patternProperties() {
      for (const [pattern, value] of named('patternProperties')) some({ pattern, value: opposite(value) });
    },
    propertyNames: () => some({ name: opposite(own.propertyNames), value: true }),
    minProperties: () =>
      numberOf('minProperties') > 0 && add({ type: 'object', maxProperties: numberOf('minProperties') - 1 }),
    maxProperties: () => add({ type: 'object', minProperties: numberOf('maxProperties') + 1 }),
    dependentRequired() {
      for (const [name, list] of named('dependentRequired')) lacking(name, list as string[]);
    },
    dependentSchemas() {
      for (const [name, value] of named('dependentSchemas')) dependent(name, value, 'dependentSchemas');
    },
    dependencies() {
      for (const [name, value] of named('dependencies')) {
        if (Array.isArray(value)) lacking(name, value as string[]);
        else dependent(name, value, 'dependencies');
      }
    },
    prefixItems() {
      for (const [i, item] of (own.prefixItems as Schema[]).entries()) {
        const before = Array.from({ length: i }, () => true);
        add({ type: 'array', minItems: i + 1, prefixItems: [...before, opposite(item)] });
      }
    },
    items() {
      const from = ((own.prefixItems as unknown[]) ?? []).length;
      contains({ from, value: opposite(own.items), min: 1, max: Number.POSITIVE_INFINITY });
    },
    contains() {
      const { minContains: min = 1, maxContains: max } = own as Record<string, number | undefined>;
      const counted = { from: 0, value: own.contains as Schema };
      if (min > 0) contains({ ...counted, min: 0, max: min - 1 });
      if (max !== undefined) contains({ ...counted, min: max + 1, max: Number.POSITIVE_INFINITY });
    },
    minItems: () => numberOf('minItems') > 0 && add({ type: 'array', maxItems: numberOf('minItems') - 1 }),
    maxItems: () => add({ type: 'array', minItems: numberOf('maxItems') + 1 }),
    uniqueItems() {
      if (own.uniqueItems === true) add({ type: 'array', '~repeated': true });
    },
    minLength: () => numberOf('minLength') > 0 && add({ type: 'string', maxLength: numberOf('minLength') - 1 }),
    maxLength: () => add({ type: 'string', minLength: numberOf('maxLength') + 1 }),
    pattern: () => add({ type: 'string', '~notPattern': own.pattern }),
    format: () => FORMATS.includes(own.format as string) && add({ type: 'string', '~notFormat': own.format }),
    minimum: () => add({ type: 'number', exclusiveMaximum: own.minimum }),
    maximum: () => add({ type: 'number', exclusiveMinimum: own.maximum }),
    exclusiveMinimum: () => add({ type: 'number', maximum: own.exclusiveMinimum }),
    exclusiveMaximum: () => add({ type: 'number', minimum: own.exclusiveMaximum }),
    multipleOf: () => add({ type: 'number', '~notMultipleOf': own.multipleOf }),
    allOf() {
      for (const [i, inner] of (own.allOf as Schema[]).entries()) all.push([failing(at(inner, path, 'allOf', i))]);
    },
    anyOf: () => all.push((own.anyOf as Schema[]).map((inner, i) => failing(at(inner, path, 'anyOf', i)))),
    oneOf() {
      const list = (own.oneOf as Schema[]).map((inner, i) => at(inner, path, 'oneOf', i));
      all.push(list.map(failing));
      for (const [i, one] of list.entries()) for (const other of list.slice(i + 1)) all.push([one, other]);
    },
    not: () => all.push([at(own.not, path, 'not')]),
    if() {
      const condition = at(own.if, path, 'if');
      if (own.then !== undefined) all.push([condition, failing(at(own.then, path, 'then'))]);
      if (own.else !== undefined) all.push([failing(condition), failing(at(own.else, path, 'else'))]);
    },
    $ref: () => all.push([failing(reader.resolve(source, path))]),
    unevaluatedProperties() {
      throw unsupported('unevaluatedProperties', path, 'where it must not hold');
    },
    unevaluatedItems() {
      throw unsupported('unevaluatedItems', path, 'where it must not hold');
    },
  };
  for (const keyword of Object.keys(own)) fails[keyword]?.();
  return all;

  function some(one: Some): void {
    if (one.value !== false && one.name !== false) add({ type: 'object', '~some': [one] });
  }
  function contains(one: Contains): void {
    if (one.min === 0 || one.value !== false) add({ type: 'array', '~contains': [one] });
  }
  function lacking(name: string, list: readonly string[]): void {
    for (const other of list) add({ type: 'object', required: [name], properties: { [other]: false } });
  }
  function dependent(name: string, value: unknown, keyword: string): void {
    all.push([at(make({ type: 'object', required: [name] }), path), failing(at(value, path, keyword, name))]);
  }
}

/** A value that is none of these. */
function unequal(values: readonly unknown[], path: string): Located[] {
  const scalars = values.filter(value => typeof value !== 'object' || value === null);
  const containers = values.filter(value => typeof value === 'object' && value !== null);
  return [
    at(make({ '~notEnum': scalars }), path),
    ...containers.map((value): Located => ({ ...at(make(exactly(value as object)), path), not: true })),
  ];
}

/** What only an array or object follows that is equal. */
const exactly = (value: object): SchemaObject =>
  Array.isArray(value)
    ? { type: 'array', prefixItems: value.map(constant), minItems: value.length, maxItems: value.length }
    : {
        type: 'object',
        properties: Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, constant(inner)])),
        required: Object.keys(value),
        maxProperties: Object.keys(value).length,
      };
const constant = (value: unknown): SchemaObject =>
  isObject(value) || Array.isArray(value) ? exactly(value) : { const: value };
