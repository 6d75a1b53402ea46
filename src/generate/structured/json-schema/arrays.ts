/** Arrays: the first items by position, then the others, as many as are allowed. */
import { choice, EMPTY, type Expression, sequence } from '../automata/expression.ts';
import type { Builder } from './builder.ts';
import { between, elements } from './json-text.ts';
import { badSchema, type Schema, unsupported } from './keywords.ts';
import { at, type Located, type Plain } from './members.ts';

const MOST_POSITIONS = 1000;

interface Items {
  first: readonly Located[];
  rest: Located[];
}

/** What one schema says: draft 2020-12 says `prefixItems` and `items`, draft 7 a list `items` and `additionalItems`. */
function itemsOf({ schema, path }: Plain): Items {
  const isTuple = Array.isArray(schema.items);
  if (schema.additionalItems !== undefined && !isTuple) {
    throw unsupported('additionalItems', path, "without a list 'items'", "use 'items'");
  }
  if (isTuple && schema.prefixItems !== undefined) throw badSchema(path, "'items' is a list beside 'prefixItems'");
  const keyword = isTuple ? 'items' : 'prefixItems';
  const first = ((schema[keyword] as Schema[] | undefined) ?? []).map((item, i) => at(item, path, keyword, i));
  const restKeyword = isTuple ? 'additionalItems' : 'items';
  const rest = schema[restKeyword] === undefined ? [] : [at(schema[restKeyword], path, restKeyword)];
  return { first, rest };
}

/** Fewest and most items that the schemas allow. */
export function countsOf(plain: readonly Plain[], least: string, most: string): { min: number; max: number } {
  const min = Math.max(0, ...plain.map(({ schema }) => (schema[least] as number | undefined) ?? 0));
  const max = Math.min(...plain.map(({ schema }) => (schema[most] as number | undefined) ?? Number.POSITIVE_INFINITY));
  return { min, max };
}

export function arrayText(builder: Builder, plain: readonly Plain[], path: string): Expression {
  const { marks } = builder;
  const { min, max } = countsOf(plain, 'minItems', 'maxItems');
  for (const { schema, path: where } of plain) {
    if (schema.uniqueItems === true && max > 1) {
      throw unsupported('uniqueItems', where, 'true, with more than one item', 'leave it out, and check the result');
    }
  }
  const said = plain.map(itemsOf);
  const positions = Math.max(0, ...said.map(({ first }) => first.length));
  if (positions > MOST_POSITIONS) throw badSchema(path, `more than ${MOST_POSITIONS} items by position`);
  const itemAt = (i: number): Expression => builder.value(said.flatMap(({ first, rest }) => first[i] ?? rest));
  const others = builder.value(said.flatMap(({ rest }) => rest));

  // From the last position to the first: what may stand there, and all that may come after it.
  let tail = elements(others, min - positions, max - positions, marks, positions === 0);
  for (let i = Math.min(positions, max) - 1; i >= 0; i--) {
    const here = sequence(i > 0 ? marks.comma : EMPTY, itemAt(i), tail);
    const rest = builder.share(`${path}[${i}]`, () => (min > i ? here : choice(EMPTY, here)));
    tail = rest;
  }
  if (min > max) return choice();
  return between('[', ']', tail, marks);
}
