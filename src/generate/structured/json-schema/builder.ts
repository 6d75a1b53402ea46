/** From schemas to rules: one rule for each set of schemas that a value must follow at once. */
import type { Expression } from '../automata/expression.ts';
import { choice, literal, NOTHING, rule } from '../automata/expression.ts';
import { arrayText } from './arrays.ts';
import { areDisjoint } from './disjoint.ts';
import { followsEnum } from './enums.ts';
import { type Punctuation, valueText } from './json-text.ts';
import { badSchema, type JsonType, type Schema, unsupported } from './keywords.ts';
import { createReader, type Located, type Plain, type Reader, type Together } from './members.ts';
import { numberRange, numberText } from './numbers.ts';
import { objectText } from './objects.ts';
import { stringText } from './strings.ts';

export interface Builder {
  readonly reader: Reader;
  readonly marks: Punctuation;
  /** Properties that a schema does not mention are not allowed, unless it says otherwise. */
  readonly strictObjects: boolean;
  readonly rules: Map<string, Expression>;
  /** What the values are written as that follow all these schemas. */
  value(schemas: readonly Located[]): Expression;
  /** A rule of its own for an expression that would otherwise be written many times. */
  share(name: string, create: () => Expression): Expression;
}

/** More rules come of alternatives that multiply. */
const MOST_RULES = 20_000;
const DEEPEST = 200;

export function createBuilder(root: Schema, marks: Punctuation, strictObjects: boolean): Builder {
  const reader = createReader(root);
  const rules = new Map<string, Expression>();
  const names = new Map<string, string>();
  const ids = new Map<unknown, number>();
  let depth = 0;

  const idOf = (schema: unknown): number => {
    if (!ids.has(schema)) ids.set(schema, ids.size);
    return ids.get(schema)!;
  };
  const keyOf = ({ plain, groups }: Together): string => {
    const sorted = (all: unknown[]): string =>
      all
        .map(idOf)
        .sort((a, b) => a - b)
        .join();
    return `${sorted(plain.map(({ schema }) => schema))}|${sorted(groups.map(({ list }) => list))}`;
  };
  const freeName = (wanted: string): string => {
    if (!rules.has(wanted)) return wanted;
    for (let i = 2; ; i++) if (!rules.has(`${wanted} (${i})`)) return `${wanted} (${i})`;
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
    share(name, create) {
      const taken = define(name, name, create);
      return rule(taken);
    },
  };

  function ofTogether(all: Together, path: string): Expression {
    const key = keyOf(all);
    const known = names.get(key);
    if (known !== undefined) return rule(known);
    const name = define(path, path, taken => {
      names.set(key, taken);
      return all.groups.length > 0 ? alternatives(all, path) : plainValue(builder, all.plain, path);
    });
    return rule(name);
  }

  /** One group is decided, the others wait. */
  function alternatives({ plain, groups }: Together, path: string): Expression {
    const [group, ...rest] = groups;
    const before: Together = { plain, groups: rest };
    const options = group.alternatives.flatMap(
      alternative => reader.together([alternative], before, group.within) ?? [],
    );
    if (group.keyword === 'oneOf') {
      for (const [i, a] of options.entries()) {
        for (const b of options.slice(i + 1)) {
          if (areDisjoint(builder, a, b)) continue;
          throw unsupported(
            'oneOf',
            group.path,
            'a value may follow two of the alternatives',
            'use anyOf, or tell the alternatives apart by a property with a const of its own that is required',
          );
        }
      }
    }
    return choice(...options.map((option, i) => ofTogether(option, `${path}/${group.keyword}/${i}`)));
  }

  return builder;
}

/** The types that all schemas allow; `integer` where whole numbers are meant. */
export function typesOf(plain: readonly Plain[]): Set<JsonType> {
  let types = new Set<JsonType>(['null', 'boolean', 'number', 'string', 'array', 'object']);
  for (const { schema } of plain) {
    if (schema.type === undefined) continue;
    const wanted = new Set([schema.type].flat() as JsonType[]);
    const kept = [...types].flatMap((type): JsonType[] => {
      if (wanted.has(type)) return [type];
      if (type === 'number' && wanted.has('integer')) return ['integer'];
      return type === 'integer' && wanted.has('number') ? ['integer'] : [];
    });
    types = new Set(kept);
  }
  return types;
}

/** What a value is written as that follows schemas without alternatives. */
function plainValue(builder: Builder, plain: readonly Plain[], path: string): Expression {
  const types = typesOf(plain);
  if (plain.some(({ schema }) => schema.enum !== undefined || Object.hasOwn(schema, 'const'))) {
    return choice(...followsEnum(plain, types).map(value => valueText(value, builder.marks)));
  }
  const write: Record<JsonType, () => Expression> = {
    null: () => literal('null'),
    boolean: () => choice(literal('true'), literal('false')),
    integer: () => numberText(numberRange(plain), true),
    number: () => numberText(numberRange(plain), false),
    string: () => stringText(plain),
    array: () => arrayText(builder, plain, path),
    object: () => objectText(builder, plain, path),
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
