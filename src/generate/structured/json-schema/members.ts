/**
 * What several schemas say together. Everything that joins schemas (`allOf`, `$ref`, a property in two of them) becomes a
 * list of plain schemas that hold at once, and groups of which one alternative holds too.
 */
import { badSchema, checkKeywords, type Schema, type SchemaObject, unsupported } from './keywords.ts';

export interface Located {
  schema: Schema;
  /** JSON pointer, for messages. */
  path: string;
}

/** A schema's own keywords, without those that join it with others. */
export interface Plain {
  schema: SchemaObject;
  path: string;
}

/** One of these holds; of `oneOf`, exactly one. */
export interface Group {
  keyword: 'anyOf' | 'oneOf';
  /** The list in the schema: the same group wherever it is met. */
  list: readonly Schema[];
  alternatives: readonly Located[];
  path: string;
  /** Schemas that lead here without a value between: an alternative that leads back to one of them says nothing. */
  within: readonly SchemaObject[];
}

/** What must hold together. */
export interface Together {
  plain: readonly Plain[];
  groups: readonly Group[];
}

export const at = (schema: unknown, path: string, ...keys: (string | number)[]): Located => ({
  schema: schema as Schema,
  path: keys.reduce<string>((all, key) => `${all}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`, path),
});

export interface Reader {
  /**
   * Adds schemas to what holds already; `within` are the schemas that lead to them. Undefined where nothing can follow
   * them all.
   */
  together(schemas: readonly Located[], before?: Together, within?: readonly SchemaObject[]): Together | undefined;
}

/** @param root the whole schema, which references point into */
export function createReader(root: Schema): Reader {
  const checked = new Set<SchemaObject>();

  const resolve = ({ path }: Located, reference: string): Located => {
    if (!/^#(\/|$)/.test(reference)) {
      throw unsupported('$ref', path, `'${reference}' is not inside the schema`, 'refer by path: #/$defs/name');
    }
    let target: unknown = root;
    for (const part of reference.split('/').slice(1)) {
      const key = decode(part);
      const isThere = typeof target === 'object' && target !== null && Object.hasOwn(target, key);
      target = isThere ? (target as Record<string, unknown>)[key] : undefined;
    }
    if (typeof target !== 'boolean' && (typeof target !== 'object' || target === null || Array.isArray(target))) {
      throw badSchema(path, `there is no schema at '${reference}'`);
    }
    return { schema: target as Schema, path: reference };
  };

  return {
    together(schemas, before = { plain: [], groups: [] }, within = []) {
      const plain = new Map(before.plain.map(one => [one.schema, one]));
      const groups = new Map(before.groups.map(group => [group.list, group]));
      let isPossible = true;
      /** @param chain references that were followed to get here */
      const add = (located: Located, chain: readonly SchemaObject[]): void => {
        const { schema, path } = located;
        if (schema === true) return;
        if (schema === false) {
          isPossible = false;
          return;
        }
        if (chain.includes(schema)) throw badSchema(path, 'it refers to itself and says nothing else');
        if (plain.has(schema)) return;
        if (!checked.has(schema)) {
          checkKeywords(schema, path);
          if (schema.$id !== undefined && schema !== root) throw unsupported('$id', path, 'inside a schema');
          checked.add(schema);
        }
        plain.set(schema, { schema, path });
        const next = [...chain, schema];
        if (next.length > 200) throw badSchema(path, 'references and allOf nest too deeply');
        if (schema.$ref !== undefined) add(resolve(located, schema.$ref as string), next);
        for (const [i, inner] of ((schema.allOf as Schema[]) ?? []).entries()) add(at(inner, path, 'allOf', i), next);
        for (const keyword of ['anyOf', 'oneOf'] as const) {
          const list = schema[keyword] as Schema[] | undefined;
          if (!list) continue;
          const alternatives = list.map((inner, i) => at(inner, path, keyword, i));
          groups.set(list, { keyword, path, list, alternatives, within: next });
        }
      };
      for (const located of schemas) add(located, within);
      return isPossible ? { plain: [...plain.values()], groups: [...groups.values()] } : undefined;
    },
  };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}
