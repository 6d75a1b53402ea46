/**
 * Objects: the properties that are listed, in the order of the schema, each left out or not; then any others, of which the
 * patterns of their names decide what they may be.
 */
import { type Dfa, dfaOf, intersect, isEmpty, matches, subtract } from '../automata/dfa.ts';
import { choice, EMPTY, type Expression, literal, many, sequence } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import { countsOf } from './arrays.ts';
import type { Builder } from './builder.ts';
import { typesOf } from './builder.ts';
import { followsEnum } from './enums.ts';
import { between, elements, inner, quoted, quotedForm, STRING, STRING_CHARACTER } from './json-text.ts';
import { badSchema, type Schema, unsupported } from './keywords.ts';
import { at, type Located, type Plain } from './members.ts';
import { patternExpression, stringBody } from './strings.ts';

const MOST_PATTERNS = 4;
const MOST_PROPERTIES = 1000;

/** What one schema says of a property by its name. */
interface Names {
  properties: ReadonlyMap<string, Located>;
  patterns: { index: number; value: Located }[];
  /** What neither lists; undefined where nothing is said. */
  others?: Located;
}

export function objectText(builder: Builder, plain: readonly Plain[], path: string): Expression {
  const patterns: Dfa[] = [];
  const indexOf = new Map<string, number>();
  const says = (keyword: string): boolean => plain.some(({ schema }) => schema[keyword] !== undefined);
  const isClosed =
    builder.strictObjects && !says('additionalProperties') && (says('properties') || says('patternProperties'));
  const said = plain.map(({ schema, path: where }): Names => {
    const properties = Object.entries((schema.properties as Record<string, Schema> | undefined) ?? {});
    const byPattern = Object.entries((schema.patternProperties as Record<string, Schema> | undefined) ?? {});
    const others = schema.additionalProperties;
    return {
      properties: new Map(properties.map(([name, value]) => [name, at(value, where, 'properties', name)])),
      patterns: byPattern.map(([pattern, value]) => ({
        index: memo(
          indexOf,
          pattern,
          () =>
            patterns.push(
              dfaOf(quotedForm(patternExpression(pattern, at(0, where, 'patternProperties', pattern).path))),
            ) - 1,
        ),
        value: at(value, where, 'patternProperties', pattern),
      })),
      others: others === undefined ? undefined : at(others, where, 'additionalProperties'),
    };
  });
  if (patterns.length > MOST_PATTERNS)
    throw unsupported('patternProperties', path, `more than ${MOST_PATTERNS} patterns`);
  /** The schemas for a name that is listed, or (undefined) for one that is not, by the patterns that it matches. */
  const schemasFor = (name: string | undefined, isMatched: (pattern: number) => boolean): Located[] => {
    const found = said.flatMap(({ properties, patterns, others }) => {
      const own = [
        ...(name !== undefined && properties.has(name) ? [properties.get(name)!] : []),
        ...patterns.filter(({ index }) => isMatched(index)).map(({ value }) => value),
      ];
      return own.length > 0 ? own : others ? [others] : [];
    });
    const isMentioned = said.some(
      ({ properties, patterns }) =>
        (name !== undefined && properties.has(name)) || patterns.some(({ index }) => isMatched(index)),
    );
    return isClosed && !isMentioned ? [{ schema: false, path }] : found;
  };

  const allowedNames = nameLanguage(builder, plain);
  const required = new Set(plain.flatMap(({ schema }) => (schema.required as string[] | undefined) ?? []));
  const listed = [...new Set([...said.flatMap(({ properties }) => [...properties.keys()]), ...required])];
  if (listed.length > MOST_PROPERTIES) throw badSchema(path, `more than ${MOST_PROPERTIES} properties`);
  const members = listed.map((name): Member => {
    const bytes = Buffer.from(inner(name));
    const isAllowed = !allowedNames || matches(allowedNames, bytes);
    const schemas = schemasFor(name, pattern => matches(patterns[pattern], bytes));
    const value = isAllowed ? builder.value(schemas) : choice();
    return {
      text: sequence(literal(JSON.stringify(name)), builder.marks.colon, value),
      isRequired: required.has(name),
    };
  });

  const others = otherMembers(builder, { listed, patterns, allowedNames, schemasFor });
  const { min, max } = countsOf(plain, 'minProperties', 'maxProperties');
  if (min > members.length + 1) {
    throw unsupported('minProperties', path, 'more than the listed properties and one', 'list the properties');
  }
  return withCounts(builder, members, others, { min, max, path });
}

interface Member {
  text: Expression;
  isRequired: boolean;
}

/** The names that `propertyNames` allows, as they are written inside quotes; undefined where it is silent. */
function nameLanguage(builder: Builder, plain: readonly Plain[]): Dfa | undefined {
  const schemas = plain.flatMap(({ schema, path }) =>
    schema.propertyNames === undefined ? [] : [at(schema.propertyNames, path, 'propertyNames')],
  );
  if (schemas.length === 0) return undefined;
  const all = builder.reader.together(schemas);
  if (!all) return dfaOf(choice());
  if (all.groups.length > 0)
    throw unsupported('propertyNames', schemas[0].path, `with ${all.groups[0].keyword} inside`);
  const types = typesOf(all.plain);
  if (!types.has('string')) return dfaOf(choice());
  if (all.plain.some(({ schema }) => schema.enum !== undefined || Object.hasOwn(schema, 'const'))) {
    const names = followsEnum(all.plain, types).filter(value => typeof value === 'string');
    return dfaOf(choice(...names.map(name => literal(inner(name)))));
  }
  const body = stringBody(all.plain);
  return body && dfaOf(body);
}

interface OtherNames {
  listed: readonly string[];
  patterns: readonly Dfa[];
  allowedNames: Dfa | undefined;
  schemasFor: (name: undefined, isMatched: (pattern: number) => boolean) => Located[];
}

const ANY_NAME = many(STRING_CHARACTER);

/** The members that are not listed: names apart by the patterns that they match, since these decide on the value. */
function otherMembers(builder: Builder, { listed, patterns, allowedNames, schemasFor }: OtherNames): Expression {
  const options: Expression[] = [];
  for (let matched = 0; matched < 2 ** patterns.length; matched++) {
    const isMatched = (pattern: number): boolean => ((matched >> pattern) & 1) === 1;
    const schemas = schemasFor(undefined, isMatched);
    if (!builder.reader.together(schemas)) continue;
    let name: Expression = STRING;
    if (listed.length + patterns.length > 0 || allowedNames) {
      let language = allowedNames ?? dfaOf(ANY_NAME);
      for (const [i, pattern] of patterns.entries()) {
        language = isMatched(i) ? intersect(language, pattern) : subtract(language, pattern);
      }
      if (listed.length > 0) language = subtract(language, dfaOf(choice(...listed.map(text => literal(inner(text))))));
      if (isEmpty(language)) continue;
      name = quoted({ kind: 'automaton', dfa: language });
    }
    options.push(sequence(name, builder.marks.colon, builder.value(schemas)));
  }
  return choice(...options);
}

interface Counts {
  min: number;
  max: number;
  path: string;
}

/** The members in their order, each required or not, and how many there are. */
function withCounts(builder: Builder, members: readonly Member[], others: Expression, counts: Counts): Expression {
  const { marks } = builder;
  const { min, max, path } = counts;
  if (min > max || members.filter(({ isRequired }) => isRequired).length > max) return choice();
  // Members so far: exact where counts ask for it, or else whether there are any.
  const cap = Math.max(1, min, max < Number.POSITIVE_INFINITY ? max : 0);
  const known = new Map<string, Expression>();
  /** What may come from the i-th member on, after `count` members. */
  const from = (i: number, count: number): Expression =>
    memo(known, `${i}:${count}`, () => {
      if (i === members.length) {
        // Names that are not listed may repeat, so that only one of them is sure to count.
        const missing = min - count;
        return missing > 1 ? choice() : elements(others, missing, max - count, marks, count === 0);
      }
      const { text, isRequired } = members[i];
      const taken =
        count < max ? sequence(count > 0 ? marks.comma : EMPTY, text, from(i + 1, Math.min(count + 1, cap))) : choice();
      if (isRequired) return taken;
      const left = from(i + 1, count);
      return builder.share(`${path}{${i}}`, () => choice(taken, left));
    });
  const inside = from(0, 0);
  return between('{', '}', inside, marks);
}
