/** What schemas say of properties by their names, and the members that none of them lists. */
import { type Dfa, dfaOf, intersect, isEmpty, matches, subtract } from '../automata/dfa.ts';
import { choice, EMPTY, type Expression, literal, many, sequence } from '../automata/expression.ts';
import { buildTrie } from '../automata/trie.ts';
import { memo } from '../memo.ts';
import type { Builder } from './builder.ts';
import { distinctMembers } from './distinct-names.ts';
import { elements, inner, quoted, STRING, STRING_CHARACTER } from './json-text.ts';
import { type Schema, unsupported } from './keywords.ts';
import type { Some } from './negation.ts';
import { at, type Located } from './references.ts';
import { nameDfa, patternDfa } from './strings.ts';
import { type Plain, plainOf, type Together } from './together.ts';
import { isListed, typesOf } from './types.ts';
import type { RestOfProperties } from './unevaluated.ts';
import { follows, listedValues } from './values.ts';

/** Kinds of names that patterns tell apart, and properties of which one must be there that are told by their names. */
const MOST_KINDS = 64;
const MOST_WITNESSES = 4;

export interface Names {
  isAllowed(name: string): boolean;
  /** Properties of which one must be there. */
  some: readonly Some[];
  /** What the value of a name follows, and bits of those of `some` that it may be. */
  ofName(name: string): { schemas: Located[]; witnessed: number };
  /** The same for names that none lists, by the patterns that they match. */
  kindOf(isMatched: (pattern: number) => boolean): { schemas: Located[]; witnessed: number };
  patterns: readonly Dfa[];
  allowedNames: Dfa | undefined;
  path: string;
}

export function namesSaid(builder: Builder, plain: readonly Plain[], path: string): Names {
  const patterns: Dfa[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (key: string, create: () => Dfa): number => memo(indexes, key, () => patterns.push(create()) - 1);
  const patternIndex = (pattern: string, where: string): number =>
    indexOf(pattern, () => patternDfa(pattern, at(0, where, 'patternProperties', pattern).path));

  const says = (keyword: string): boolean => plain.some(({ schema }) => schema[keyword] !== undefined);
  const isClosed =
    builder.strictObjects && !says('additionalProperties') && (says('properties') || says('patternProperties'));
  const said = plain.map(({ schema, path: where }) => {
    const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
    const byPattern = Object.entries((schema.patternProperties ?? {}) as Record<string, Schema>);
    const rest = schema['~rest'] as RestOfProperties | undefined;
    return {
      properties: new Map(properties.map(([name, value]) => [name, at(value, where, 'properties', name)])),
      patterns: byPattern.map(([pattern, value]) => ({
        index: patternIndex(pattern, where),
        value: at(value, where, 'patternProperties', pattern),
      })),
      others:
        schema.additionalProperties === undefined
          ? []
          : [at(schema.additionalProperties, where, 'additionalProperties')],
      rest: rest && {
        names: rest.names,
        patterns: rest.patterns.map(pattern => patternIndex(pattern, where)),
        value: at(rest.value, where, 'unevaluatedProperties'),
      },
    };
  });
  const some = plain.flatMap(({ schema }) => (schema['~some'] as Some[] | undefined) ?? []);
  if (some.length > MOST_WITNESSES) {
    throw unsupported('not', path, `more than ${MOST_WITNESSES} properties of which it does not list the names`);
  }
  const witnesses = some.map(({ names = [], patterns: others = [], pattern, name, value }) => ({
    names,
    value,
    apart: others.map(other => patternIndex(other, path)),
    meant: [
      ...(pattern === undefined ? [] : [patternIndex(pattern, path)]),
      ...(name === undefined
        ? []
        : [indexOf(`name ${JSON.stringify(name)}`, () => languageOf(builder, [at(name, path)]) ?? ANY)]),
    ],
  }));

  const kindOf = (
    name: string | undefined,
    isMatched: (pattern: number) => boolean,
  ): { schemas: Located[]; witnessed: number } => {
    const isNamed = (properties: ReadonlyMap<string, Located>): boolean => name !== undefined && properties.has(name);
    const schemas = said.flatMap(({ properties, patterns: byPattern, others, rest }) => {
      const own = [
        ...(isNamed(properties) ? [properties.get(name!)!] : []),
        ...byPattern.filter(({ index }) => isMatched(index)).map(({ value }) => value),
      ];
      const isRest = rest && !(name !== undefined && rest.names.includes(name)) && !rest.patterns.some(isMatched);
      return [...(own.length > 0 ? own : others), ...(isRest ? [rest.value] : [])];
    });
    const isMentioned = said.some(
      ({ properties, patterns: byPattern }) => isNamed(properties) || byPattern.some(({ index }) => isMatched(index)),
    );
    if (isClosed && !isMentioned) schemas.push({ schema: false, path });
    const witnessed = witnesses.reduce((bits, { names, apart, meant }, w) => {
      const isOne = !(name !== undefined && names.includes(name)) && !apart.some(isMatched) && meant.every(isMatched);
      return isOne ? bits | (1 << w) : bits;
    }, 0);
    return { schemas, witnessed };
  };
  const asked = plain.flatMap(({ schema, path: where }) =>
    schema.propertyNames === undefined ? [] : [at(schema.propertyNames, where, 'propertyNames')],
  );
  const matchedBy = (name: string): ((pattern: number) => boolean) => {
    const bytes = Buffer.from(inner(name));
    return pattern => matches(patterns[pattern], bytes);
  };
  return {
    isAllowed: name => asked.length === 0 || follows(builder.reader, name, asked),
    some,
    ofName: name => kindOf(name, matchedBy(name)),
    kindOf: isMatched => kindOf(undefined, isMatched),
    patterns,
    allowedNames: asked.length === 0 ? undefined : languageOf(builder, asked),
    path,
  };
}

const ANY_NAME = many(STRING_CHARACTER);
const ANY = dfaOf(ANY_NAME);
const STRINGS = dfaOf(STRING);

/** The names that follow schemas, as they are written inside quotes; undefined where any name does. */
function languageOf(builder: Builder, schemas: readonly Located[]): Dfa | undefined {
  const all = builder.reader.together(schemas);
  return all ? languageOfAll(builder, all) : dfaOf(choice());
}

function languageOfAll(builder: Builder, all: Together): Dfa | undefined {
  const plain = plainOf(all);
  const types = typesOf(plain);
  if (!types.has('string')) return dfaOf(choice());
  if (isListed(plain)) {
    const names = listedValues(builder.reader, all).filter(value => typeof value === 'string');
    return dfaOf(choice(...names.map(name => literal(inner(name)))));
  }
  const [group] = all.groups.values();
  if (!group) return nameDfa(plain);
  const options = builder.alternatives(all, group).map(option => languageOfAll(builder, option));
  if (options.includes(undefined)) return undefined;
  return dfaOf(choice(...options.map((dfa): Expression => ({ kind: 'automaton', dfa: dfa! }))));
}

interface Room {
  listed: readonly string[];
  /** Bits of the properties of which one must still come. */
  missing: number;
  min: number;
  max: number;
  isFirst: boolean;
}

/** The members that are not listed: names apart by the patterns that they match, since these decide on the value. */
export function otherMembers(builder: Builder, names: Names, room: Room): Expression {
  const { marks } = builder;
  const { missing, min, max, isFirst } = room;
  if ((min > 1 || max < min) && missing > 0 && min > 0) return choice();
  // Names that are not listed may repeat, so that only one of them is sure to count unless they are told apart.
  const areApart = min > 1;
  const kinds = kindsOf(builder, names, room.listed, areApart);
  const member = (witnessed: number): Expression =>
    choice(
      ...kinds.flatMap(kind => {
        if ((kind.witnessed & witnessed) !== witnessed) return [];
        const values = names.some.filter((_, w) => (witnessed >> w) & 1).map(({ value }) => at(value, names.path));
        const schemas = [...kind.schemas, ...values];
        if (!builder.reader.together(schemas)) return [];
        return [sequence(kind.name, marks.colon, builder.value(schemas))];
      }),
    );
  const free = member(0);
  if (areApart) {
    if (min > max || kinds.length === 0) return choice();
    const memberOf = (beginning: Dfa): Expression =>
      choice(
        ...kinds.flatMap(({ language, schemas }) => {
          const own = intersect(language!, beginning);
          if (isEmpty(own)) return [];
          return [sequence(quoted({ kind: 'automaton', dfa: own }), marks.colon, builder.value(schemas))];
        }),
      );
    const others = elements(free, 0, max - min, marks, false);
    return distinctMembers(min, {
      memberOf,
      others,
      isFirst,
      comma: marks.comma,
      share: builder.share,
      path: names.path,
    });
  }
  if (missing === 0) return elements(free, min, max, marks, isFirst);
  /** What must be there comes last, so that no other member of its name follows. */
  const tail = (left: number, room: number, isStart: boolean): Expression => {
    if (left === 0) return EMPTY;
    if (room <= 0) return choice();
    const options = subsets(left)
      .filter(subset => subset > 0)
      .map(subset => sequence(isStart ? EMPTY : marks.comma, member(subset), tail(left & ~subset, room - 1, false)));
    return choice(...options);
  };
  const most = max - 1;
  const before =
    most > 0 && kinds.length > 0 ? [sequence(elements(free, 1, most, marks, isFirst), tail(missing, 1, false))] : [];
  return choice(tail(missing, max, isFirst), ...before);
}

interface Kind {
  name: Expression;
  /** The names without their quotes, where that was asked for. */
  language?: Dfa;
  schemas: Located[];
  witnessed: number;
}

function kindsOf(
  builder: Builder,
  { patterns, allowedNames, kindOf, path }: Names,
  listed: readonly string[],
  needsLanguages: boolean,
): Kind[] {
  const isAny = listed.length + patterns.length === 0 && !allowedNames && !needsLanguages;
  const nothing = isAny ? kindOf(() => false) : undefined;
  if (nothing) return builder.reader.together(nothing.schemas) ? [{ name: STRING, ...nothing }] : [];
  let kinds: { language: Dfa; matched: number[] }[] = [{ language: allowedNames ?? ANY, matched: [] }];
  // Where nothing but what patterns match is allowed, and there are none, names need not be looked at.
  if (patterns.length === 0 && !builder.reader.together(kindOf(() => false).schemas)) return [];
  if (patterns.length === 0 && !allowedNames && !needsLanguages) {
    const trie = buildTrie(listed.map(name => Buffer.from(JSON.stringify(name))));
    return [{ name: { kind: 'except', except: { strings: STRINGS, trie } }, ...kindOf(() => false) }];
  }
  if (listed.length > 0) {
    const names = dfaOf(choice(...listed.map(text => literal(inner(text)))));
    kinds = kinds.map(({ language, matched }) => ({ language: subtract(language, names), matched }));
  }
  for (const [i, pattern] of patterns.entries()) {
    kinds = kinds
      .flatMap(({ language, matched }) => [
        { language: subtract(language, pattern), matched },
        { language: intersect(language, pattern), matched: [...matched, i] },
      ])
      .filter(({ language }) => !isEmpty(language));
    if (kinds.length > MOST_KINDS) {
      throw unsupported(
        'patternProperties',
        path,
        `more than ${MOST_KINDS} kinds of names that its patterns tell apart`,
      );
    }
  }
  return kinds.flatMap(({ language, matched }) => {
    const kind = kindOf(pattern => matched.includes(pattern));
    if (isEmpty(language) || !builder.reader.together(kind.schemas)) return [];
    return [{ name: quoted({ kind: 'automaton', dfa: language }), language, ...kind }];
  });
}

/** The subsets of a set of bits, the whole first. */
export function subsets(bits: number): number[] {
  const all = [bits];
  for (let subset = bits; subset > 0; ) {
    subset = (subset - 1) & bits;
    all.push(subset);
  }
  return all;
}
