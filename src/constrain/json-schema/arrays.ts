/** Arrays: the first items by position, then the others, as many as are allowed. */
import { choice, EMPTY, type Expression, sequence } from '../automata/expression.ts';
import type { Builder } from './builder.ts';
import { countedItems } from './counted-items.ts';
import { between, elements } from './json-text.ts';
import { badSchema, type Schema, unsupported } from './keywords.ts';
import { at, type Located } from './references.ts';
import type { Plain } from './together.ts';
import type { RestOfItems } from './unevaluated.ts';
import { containsOf } from './values.ts';

const MOST_POSITIONS = 1000;

interface Items {
  first: readonly Located[];
  rest: Located[];
}

function itemsOf({ schema, path }: Plain): Items {
  const first = ((schema.prefixItems as Schema[] | undefined) ?? []).map((item, i) => at(item, path, 'prefixItems', i));
  const rest = schema.items === undefined ? [] : [at(schema.items, path, 'items')];
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
  if (min > max) return choice();
  for (const { schema, path: where } of plain) {
    if (schema['~repeated'] === true) throw unsupported('uniqueItems', where, 'where it must not hold');
  }
  const said = plain.map(itemsOf);
  const rests = plain.flatMap(({ schema, path: where }) => {
    const rest = schema['~restItems'] as RestOfItems | undefined;
    return rest ? [{ from: rest.from, value: at(rest.value, where, 'unevaluatedItems') }] : [];
  });
  const contains = plain.flatMap(({ schema, path: where }) =>
    containsOf(schema).map(one => ({ ...one, value: at(one.value, where, 'contains') })),
  );
  const positions = Math.max(
    0,
    ...said.map(({ first }) => first.length),
    ...[...rests, ...contains].map(({ from }) => from),
  );
  if (positions > MOST_POSITIONS) throw badSchema(path, `more than ${MOST_POSITIONS} items by position`);
  const schemasAt = (i: number): Located[] => [
    ...said.flatMap(({ first, rest }) => first[i] ?? rest),
    ...rests.filter(({ from }) => i >= from).map(({ value }) => value),
  ];
  const unique = plain.find(({ schema }) => schema.uniqueItems === true);
  if (contains.length > 0 || (unique && max > 1)) {
    const isUnique = unique !== undefined && max > 1;
    const inside = countedItems(builder, {
      positions,
      min,
      max,
      schemasAt,
      contains,
      isUnique,
      path: unique?.path ?? path,
    });
    return between('[', ']', inside, marks);
  }
  const others = builder.value(schemasAt(positions));

  // From the last position to the first: what may stand there, and all that may come after it.
  let tail = elements(others, min - positions, max - positions, marks, positions === 0);
  for (let i = Math.min(positions, max) - 1; i >= 0; i--) {
    const here = sequence(i > 0 ? marks.comma : EMPTY, builder.value(schemasAt(i)), tail);
    tail = builder.share(`${path}[${i}]`, () => (min > i ? here : choice(EMPTY, here)));
  }
  return between('[', ']', tail, marks);
}
