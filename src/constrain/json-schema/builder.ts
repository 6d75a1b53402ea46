/** From schemas to rules: one rule for each set of schemas that a value must follow at once. */
import { choice, type Expression, literal, NOTHING, oneOfTexts, rule } from '../automata/expression.ts';
import { arrayText } from './arrays.ts';
import { isClearlyEmpty } from './emptiness.ts';
import { type Punctuation, valueText } from './json-text.ts';
import { badSchema, type JsonType, type Schema } from './keywords.ts';
import { isDecidedLate } from './late-groups.ts';
import { createReader } from './members.ts';
import { numberText } from './numbers.ts';
import { objectText } from './objects.ts';
import { at, type Located } from './references.ts';
import { stringText } from './strings.ts';
import { type Group, make, plainOf, type Reader, type Together } from './together.ts';
import { isListed, NO_OBJECT, OBJECT, typesOf } from './types.ts';
import { listedValues } from './values.ts';

export interface Builder {
  readonly reader: Reader;
  readonly marks: Punctuation;
  /** Properties that a schema does not mention are not allowed, unless it says otherwise. */
  readonly strictObjects: boolean;
  readonly rules: Map<string, Expression>;
  /** What the values are written as that follow all these schemas. */
  value(schemas: readonly Located[]): Expression;
  /** What holds with each alternative of a group in place of it, where anything can. */
  alternatives(all: Together, group: Group): Together[];
  /** A rule of its own for an expression that would otherwise be written many times. */
  share(name: string, create: () => Expression): Expression;
}

/** More rules come of alternatives that multiply. */
const MOST_RULES = 20_000;
const DEEPEST = 200;

const ONLY_OBJECTS = at(make(OBJECT), '#');
const NO_OBJECTS = at(make(NO_OBJECT), '#');

export interface BuilderOptions {
  marks: Punctuation;
  strictObjects: boolean;
  /** Other schemas by their addresses. */
  documents: Readonly<Record<string, unknown>>;
}

export function createBuilder(root: Schema, { marks, strictObjects, documents }: BuilderOptions): Builder {
  const reader = createReader(root, documents);
  const rules = new Map<string, Expression>();
  const names = new Map<string, string>();
  const taken = new Map<string, number>();
  let depth = 0;

  const keyOf = ({ plain, groups }: Together): string =>
    `${[...plain.keys()].sort().join()}|${[...groups.keys()].sort().join()}`;
  const freeName = (wanted: string): string => {
    const count = (taken.get(wanted) ?? 0) + 1;
    taken.set(wanted, count);
    return count === 1 ? wanted : `${wanted} (${count})`;
  };
  const define = (wanted: string, path: string, create: (name: string) => Expression): string => {
    const name = freeName(wanted);
    if (rules.size > MOST_RULES || depth > DEEPEST) {
      throw badSchema(path, depth > DEEPEST ? `values nest deeper than ${DEEPEST}` : `more than ${MOST_RULES} rules`);
    }
    rules.set(name, NOTHING); // the name is taken while it is made
    depth++;
    rules.set(name, create(name));
    depth--;
    return name;
  };

  const builder: Builder = {
    reader,
    marks,
    strictObjects,
    rules,
    value(schemas) {
      const all = reader.together(schemas);
      return all ? ofTogether(all, schemas[0]?.path ?? '#') : NOTHING;
    },
    alternatives(all, { key, within, alternatives }) {
      const groups = new Map(all.groups);
      groups.delete(key);
      const before: Together = { plain: all.plain, groups };
      return alternatives()!.flatMap(schemas => {
        const option = reader.together(schemas, before, within);
        return option && !isClearlyEmpty(reader, option) ? [option] : [];
      });
    },
    share: (name, create) => rule(define(name, name, create)),
  };

  function ofTogether(all: Together, path: string): Expression {
    const key = keyOf(all);
    const known = names.get(key);
    if (known !== undefined) return rule(known);
    const name = define(path, path, own => {
      names.set(key, own);
      return written(all, path);
    });
    return rule(name);
  }

  function written(all: Together, path: string): Expression {
    const plain = plainOf(all);
    const types = typesOf(plain);
    if (types.size === 0) return NOTHING;
    if (isListed(plain)) return listText(listedValues(reader, all));
    if (all.groups.size === 0) return plainValue(all, types, path);
    const isObject = types.has('object');
    if (isObject && types.size > 1) {
      return choice(
        ...[ONLY_OBJECTS, NO_OBJECTS].flatMap(only => {
          const part = reader.together([only], all);
          return part && !isClearlyEmpty(reader, part) ? [ofTogether(part, path)] : [];
        }),
      );
    }
    const first = [...all.groups.values()].find(group => !isObject || !isDecidedLate(reader, group));
    if (!first) return objectText(builder, all, path);
    const options = builder.alternatives(all, first);
    return choice(...options.map((option, i) => ofTogether(option, `${path}/${first.keyword}/${i}`)));
  }

  function listText(values: readonly unknown[]): Expression {
    const isScalar = (value: unknown): boolean => typeof value !== 'object' || value === null;
    return choice(
      oneOfTexts(values.filter(isScalar).map(value => JSON.stringify(value))),
      ...values.filter(value => !isScalar(value)).map(value => valueText(value, marks)),
    );
  }

  /** What a value is written as that follows schemas without alternatives. */
  function plainValue(all: Together, types: ReadonlySet<JsonType>, path: string): Expression {
    const plain = plainOf(all);
    const others = plain.flatMap(({ schema }) => (schema['~notEnum'] as unknown[] | undefined) ?? []);
    const write: Record<JsonType, () => Expression> = {
      null: () => (others.includes(null) ? NOTHING : literal('null')),
      boolean: () =>
        choice(...[true, false].filter(value => !others.includes(value)).map(value => literal(`${value}`))),
      integer: () => numberText(plain, true),
      number: () => numberText(plain, false),
      string: () => stringText(plain),
      array: () => arrayText(builder, plain, path),
      object: () => objectText(builder, all, path),
    };
    const options = [...types].map(type => write[type]());
    // Strings and numbers stay terminals of their own, so that what is known of them is shared.
    return choice(
      ...options.map((option, i) =>
        options.length > 1 && option.kind !== 'literal'
          ? builder.share(`${path}:${[...types][i]}`, () => option)
          : option,
      ),
    );
  }

  return builder;
}
