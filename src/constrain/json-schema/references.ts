/** What `$ref` refers to: places in the schema by path, `$anchor` and `$id` (draft 2020-12, 8.2; `id` in draft 4). */
import { type Dialect, dialectOf, STANDARD } from './dialects.ts';
import { badSchema, isObject, type Schema, type SchemaObject, unsupported } from './keywords.ts';

export interface Located {
  schema: Schema;
  /** JSON pointer, for messages. */
  path: string;
  /** What must not hold. */
  not?: boolean;
}

export const at = (schema: unknown, path: string, ...keys: (string | number)[]): Located => ({
  schema: schema as Schema,
  path: keys.reduce<string>((all, key) => `${all}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`, path),
});

export interface References {
  /** @throws UserError where there is no schema, or it is not inside the root */
  resolve(from: SchemaObject, reference: string, path: string): Located;
  /** The address that references in a schema are relative to. */
  baseOf(schema: SchemaObject): string;
  /** How its keywords are meant. */
  dialectOf(schema: SchemaObject): Dialect;
}

/** Keywords whose value is a schema, a list of schemas, or an object of schemas. */
const INNER = [
  ...['additionalProperties', 'propertyNames', 'items', 'additionalItems', 'contains', 'unevaluatedItems'],
  ...['unevaluatedProperties', 'not', 'if', 'then', 'else', 'contentSchema'],
];
const LISTS = ['prefixItems', 'items', 'allOf', 'anyOf', 'oneOf'];
const NAMED = ['properties', 'patternProperties', 'dependentSchemas', 'dependencies', '$defs', 'definitions'];

/** What a schema without `$id` is relative to. */
const NOWHERE = 'schema:///root';

/** @param given other schemas that may be referred to, by their addresses */
export function createReferences(root: Schema, given: Readonly<Record<string, unknown>> = {}): References {
  const documents = new Map(Object.entries(given).map(([name, schema]) => [addressOf(name), schema as Schema]));
  const bases = new Map<object, string>();
  const dialects = new Map<object, Dialect>();
  const places = new Map<string, Located>();

  /** Notes the addresses of a schema and of all inside it. */
  const note = (start: Located, outer: string, outerDialect: Dialect): void => {
    const work: [Located, string, Dialect][] = [[start, outer, outerDialect]];
    for (let next = work.pop(); next; next = work.pop()) {
      const [{ schema, path }, around, aroundDialect] = next;
      if (!isObject(schema) || bases.has(schema)) continue;
      let base = around;
      const dialect = dialectOf(schema, aroundDialect, documents);
      const { isLegacy } = dialect;
      for (const id of [schema.$id, schema.id]) {
        if (typeof id !== 'string' || (isLegacy && schema.$ref !== undefined)) continue;
        const { address, fragment } = split(id, around);
        if (fragment !== '' && !fragment.startsWith('/')) places.set(`${address}#${fragment}`, { schema, path });
        else if (!id.startsWith('#')) {
          base = address;
          if (!places.has(base)) places.set(base, { schema, path });
        }
      }
      bases.set(schema, base);
      dialects.set(schema, dialect);
      for (const anchor of [schema.$anchor, schema.$dynamicAnchor]) {
        if (typeof anchor === 'string') places.set(`${base}#${anchor}`, { schema, path });
      }
      for (const [keyword, value] of Object.entries(schema)) {
        if (INNER.includes(keyword) && isObject(value)) work.push([at(value, path, keyword), base, dialect]);
        if (LISTS.includes(keyword) && Array.isArray(value)) {
          for (const [i, inner] of value.entries()) work.push([at(inner, path, keyword, i), base, dialect]);
        }
        if (NAMED.includes(keyword) && isObject(value)) {
          for (const [name, inner] of Object.entries(value)) work.push([at(inner, path, keyword, name), base, dialect]);
        }
      }
    }
  };
  if (isObject(root)) {
    places.set(NOWHERE, { schema: root, path: '#' });
    note({ schema: root, path: '#' }, NOWHERE, STANDARD);
  }
  /** A document is looked into when the first reference leads there. */
  const open = (address: string): void => {
    const document = documents.get(address);
    if (document === undefined || places.has(address)) return;
    const located: Located = { schema: document, path: `${address}#` };
    places.set(address, located);
    note(located, address, STANDARD);
  };

  const baseOf = (schema: SchemaObject): string => bases.get(schema) ?? NOWHERE;
  const dialectAt = (schema: SchemaObject): Dialect => dialects.get(schema) ?? dialects.get(root as object) ?? STANDARD;
  return {
    baseOf,
    dialectOf: dialectAt,
    resolve(from, reference, path) {
      const { address, fragment } = split(reference, baseOf(from));
      open(address);
      const place =
        fragment.startsWith('/') || fragment === '' ? places.get(address) : places.get(`${address}#${fragment}`);
      if (!place) {
        throw reference.startsWith('#')
          ? badSchema(path, `there is no schema at '${reference}'`)
          : unsupported(
              '$ref',
              path,
              `'${reference}' is not inside the schema`,
              "put it under $defs, and refer to it there, or give it with the option 'documents'",
            );
      }
      if (fragment === '' || !fragment.startsWith('/')) return place;
      const found = follow(place, fragment);
      if (!found) throw badSchema(path, `there is no schema at '${reference}'`);
      if (isObject(found.schema)) {
        const outer = place.schema as SchemaObject;
        note(found, baseOf(outer), dialectAt(outer));
      }
      return found;
    },
  };
}

function follow(place: Located, pointer: string): Located | undefined {
  let target: unknown = place.schema;
  const keys = pointer.split('/').slice(1).map(decode);
  for (const key of keys) {
    if (typeof target !== 'object' || target === null || !Object.hasOwn(target, key)) return undefined;
    target = (target as Record<string, unknown>)[key];
  }
  return typeof target === 'boolean' || isObject(target) ? at(target, place.path, ...keys) : undefined;
}

/** An address without its fragment, as references to it are spelled. */
const addressOf = (name: string): string => split(name.replace(/#$/, ''), NOWHERE).address;

function split(reference: string, base: string): { address: string; fragment: string } {
  const [before, fragment = ''] = reference.split('#', 2);
  if (before === '') return { address: base, fragment: decodeFragment(fragment) };
  let address = before;
  try {
    address = new URL(before, base).href;
  } catch {
    // No address: it may still be the name that a schema gives itself.
  }
  return { address, fragment: decodeFragment(fragment) };
}

function decodeFragment(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

const decode = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');
