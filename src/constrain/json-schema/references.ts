/** What `$ref` refers to: places in the schema by path, `$anchor` and `$id` (draft 2020-12, 8.2; `id` in draft 4). */
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

/** @param isLegacy draft 7 or before, where an `$id` beside `$ref` names nothing */
export function createReferences(root: Schema, isLegacy: boolean): References {
  const bases = new WeakMap<object, string>();
  const places = new Map<string, Located>();

  /** Notes the addresses of a schema and of all inside it. */
  const note = (start: Located, outer: string): void => {
    const work: [Located, string][] = [[start, outer]];
    for (let next = work.pop(); next; next = work.pop()) {
      const [{ schema, path }, around] = next;
      if (!isObject(schema) || bases.has(schema)) continue;
      let base = around;
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
      for (const anchor of [schema.$anchor, schema.$dynamicAnchor]) {
        if (typeof anchor === 'string') places.set(`${base}#${anchor}`, { schema, path });
      }
      for (const [keyword, value] of Object.entries(schema)) {
        if (INNER.includes(keyword) && isObject(value)) work.push([at(value, path, keyword), base]);
        if (LISTS.includes(keyword) && Array.isArray(value)) {
          for (const [i, inner] of value.entries()) work.push([at(inner, path, keyword, i), base]);
        }
        if (NAMED.includes(keyword) && isObject(value)) {
          for (const [name, inner] of Object.entries(value)) work.push([at(inner, path, keyword, name), base]);
        }
      }
    }
  };
  if (isObject(root)) {
    places.set(NOWHERE, { schema: root, path: '#' });
    note({ schema: root, path: '#' }, NOWHERE);
  }

  const baseOf = (schema: SchemaObject): string => bases.get(schema) ?? NOWHERE;
  return {
    baseOf,
    resolve(from, reference, path) {
      const { address, fragment } = split(reference, baseOf(from));
      const place =
        fragment.startsWith('/') || fragment === '' ? places.get(address) : places.get(`${address}#${fragment}`);
      if (!place) {
        throw reference.startsWith('#')
          ? badSchema(path, `there is no schema at '${reference}'`)
          : unsupported(
              '$ref',
              path,
              `'${reference}' is not inside the schema`,
              'put it under $defs, and refer to it there',
            );
      }
      if (fragment === '' || !fragment.startsWith('/')) return place;
      const found = follow(place, fragment);
      if (!found) throw badSchema(path, `there is no schema at '${reference}'`);
      if (isObject(found.schema)) note(found, baseOf(place.schema as SchemaObject));
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
