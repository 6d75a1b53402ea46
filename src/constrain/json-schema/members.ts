/**
 * What several schemas say together. Everything that joins schemas (`allOf`, `$ref`, a property in two of them) becomes a
 * list of plain schemas that hold at once, and groups of which one alternative holds too. What must not hold is turned
 * around (`negation.ts`), so that only what must hold is left.
 */

import { memo } from '../memo.ts';
import { isClearlyEmpty } from './emptiness.ts';
import { badSchema, meaningOf, type Schema, type SchemaObject } from './keywords.ts';
import { alternativesTo } from './negation.ts';
import { at, createReferences, type Located } from './references.ts';
import { type Alternatives, isMade, make, NOTHING_SAID, type Plain, type Reader } from './together.ts';
import { withUnevaluated } from './unevaluated.ts';

/** Longer ones are told apart by where they stand. */
const LONGEST_COMPARED = 20_000;
const DEEPEST = 200;
/** Schemas that are joined, over and over where alternatives multiply. */
const MOST_JOINED = 300_000;

/**
 * @param root the whole schema, which references point into
 * @param documents others that they may point into, by their addresses
 */
export function createReader(root: Schema, documents?: Readonly<Record<string, unknown>>): Reader {
  const references = createReferences(root, documents);
  const ids = new Map<SchemaObject, number>();
  const byText = new Map<string, number>();
  const meanings = new Map<number, SchemaObject>();
  const groups = new Map<string, Alternatives | undefined>();
  const joins = new Map<string, Join[]>();
  const plains = new Map<string, Plain>();
  let nextId = 0;
  let joined = 0;

  const idOf = (schema: SchemaObject): number => {
    let id = ids.get(schema);
    if (id !== undefined) return id;
    const text = JSON.stringify(schema);
    if (text.length > LONGEST_COMPARED) id = nextId++;
    else {
      const { isLegacy, isNewest, validates } = references.dialectOf(schema);
      const base = text.includes('"$ref"') ? references.baseOf(schema) : '';
      const key = `${isMade(schema)} ${isLegacy} ${isNewest} ${validates} ${base} ${text}`;
      id = byText.get(key) ?? nextId++;
      byText.set(key, id);
    }
    ids.set(schema, id);
    return id;
  };
  const meaning = ({ schema, path }: Located): SchemaObject => {
    const own = schema as SchemaObject;
    if (isMade(own)) return own;
    const id = idOf(own);
    let known = meanings.get(id);
    if (!known) {
      known = meaningOf(own, path, references.dialectOf(own));
      meanings.set(id, known);
    }
    return known;
  };
  const resolve = (schema: SchemaObject, path: string): Located =>
    references.resolve(schema, schema.$ref as string, path);

  const alternativesOf = (key: string, join: Join): Alternatives | undefined => {
    if (!groups.has(key)) {
      groups.set(key, undefined);
      groups.set(key, join.alternatives());
    }
    return groups.get(key);
  };

  const reader: Reader = {
    idOf,
    meaning,
    resolve,
    together(schemas, before = NOTHING_SAID, within = []) {
      const plain = new Map(before.plain);
      const open = new Map(before.groups);
      let isPossible = true;

      const addGroup = (key: string, join: Join, path: string, within: readonly string[]): void => {
        if (join.size === 0) isPossible = false;
        else if (join.size === 1) for (const one of join.alternatives()[0]) add(one, within);
        else open.set(key, { key, keyword: join.keyword, path, within, alternatives: () => alternativesOf(key, join) });
      };

      /** @param chain schemas that were followed to get here */
      const add = (located: Located, chain: readonly string[]): void => {
        const { schema, path, not = false } = located;
        if (typeof schema === 'boolean') {
          if (schema === not) isPossible = false;
          return;
        }
        if (!isPossible) return;
        const key = `${not ? '-' : '+'}${idOf(schema)}`;
        if (chain.includes(key)) throw badSchema(path, 'it refers to itself and says nothing else');
        if (plain.has(key)) return;
        if (++joined > MOST_JOINED) throw badSchema(path, 'alternatives multiply beyond what can be worked out');
        // A schema and its opposite.
        if (plain.has(`${not ? '+' : '-'}${key.slice(1)}`)) {
          isPossible = false;
          return;
        }
        const own = meaning(located);
        const next = [...chain, key];
        if (next.length > DEEPEST) throw badSchema(path, 'references and allOf nest too deeply');
        if (not) {
          plain.set(key, { schema: {}, path });
          const [opposite] = memo(joins, key, () => {
            const alternatives = alternativesTo(own, schema, path, reader);
            return [{ keyword: 'not', size: alternatives.length, alternatives: () => alternatives }];
          });
          addGroup(key, opposite, path, next);
          return;
        }
        plain.set(
          key,
          memo(plains, key, () => ({ schema: withUnevaluated(own, schema, path, reader), path })),
        );
        if (own.$ref !== undefined) add(resolve(schema, path), next);
        for (const [i, inner] of ((own.allOf as Schema[]) ?? []).entries()) add(at(inner, path, 'allOf', i), next);
        if (own.not !== undefined) add({ ...at(own.not, path, 'not'), not: true }, next);
        for (const join of memo(joins, key, () => joinsOf(own, path, reader)))
          addGroup(`${key} ${join.keyword}`, join, path, next);
      };
      for (const located of schemas) add(located, within);
      return isPossible ? { plain, groups: open } : undefined;
    },
  };
  return reader;
}

interface Join {
  keyword: string;
  /** How many alternatives there are. */
  size: number;
  alternatives: () => Alternatives;
}

const not = (located: Located): Located => ({ ...located, not: !located.not });

/** The keywords of a schema of whose cases one holds. */
function joinsOf(own: SchemaObject, path: string, reader: Reader): Join[] {
  const joins: Join[] = [];
  const join = (keyword: string, size: number, alternatives: () => Alternatives): void => {
    joins.push({ keyword, size, alternatives });
  };
  if (own.anyOf !== undefined) {
    const list = (own.anyOf as Schema[]).map((inner, i) => at(inner, path, 'anyOf', i));
    join('anyOf', list.length, () => list.map(one => [one]));
  }
  if (own.oneOf !== undefined) {
    const list = (own.oneOf as Schema[]).map((inner, i) => at(inner, path, 'oneOf', i));
    join('oneOf', list.length, () =>
      list.map((one, i) => [one, ...list.filter((other, j) => i !== j && !areApart(reader, one, other)).map(not)]),
    );
  }
  if (own.if !== undefined && (own.then !== undefined || own.else !== undefined)) {
    const condition = at(own.if, path, 'if');
    join('if', 2, () => [
      [condition, at(own.then ?? true, path, 'then')],
      [not(condition), at(own.else ?? true, path, 'else')],
    ]);
  }
  const { dependentRequired, dependentSchemas, dependencies } = own as Record<
    string,
    Record<string, unknown> | undefined
  >;
  for (const [keyword, named] of Object.entries({ dependentRequired, dependentSchemas, dependencies })) {
    for (const [name, asked] of Object.entries(named ?? {})) {
      const without = at(make({ properties: { [name]: false } }), path);
      const withIt = at(make({ required: [name] }), path);
      const then = Array.isArray(asked) ? at(make({ required: asked }), path) : at(asked, path, keyword, name);
      join(`${keyword} ${name}`, 2, () => [[without], [withIt, then]]);
    }
  }
  return joins;
}

/** Whether it is plain to see that no value follows both. */
function areApart(reader: Reader, a: Located, b: Located): boolean {
  const both = reader.together([a, b]);
  return !both || isClearlyEmpty(reader, both);
}
