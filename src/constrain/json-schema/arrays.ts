/** Arrays: the first items by position, then the others, as many as are allowed. */
import { UserError } from '../../support/errors.ts';
import { choice, EMPTY, type Expression, NOTHING, sequence } from '../automata/expression.ts';
import type { Builder } from './builder.ts';
import { type CountedItems, countedItems } from './counted-items.ts';
import { between, elements } from './json-text.ts';
import { badSchema, type Schema, unsupported } from './keywords.ts';
import { at, type Located } from './references.ts';
import type { Plain } from './together.ts';
import { isListed } from './types.ts';
import type { RestOfItems } from './unevaluated.ts';
import { containsOf, listedValues } from './values.ts';

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
  const isUnique = unique !== undefined && max > 1;
  if (contains.length > 0 || isUnique) {
    const counted = { positions, min, max, schemasAt, contains, path: unique?.path ?? path };
    const inside = isUnique ? listedItems(builder, counted) : countedItems(builder, { ...counted, isUnique });
    if (inside) return between('[', ']', inside, marks);
    // What is no short list is compared as it is written.
    const body = contains.length > 0 ? countedItems(builder, { ...counted, isUnique: false }) : plainItems();
    return between('[', ']', { kind: 'unique', body }, marks);
  }
  return between('[', ']', plainItems(), marks);

  function plainItems(): Expression {
    const others = builder.value(schemasAt(positions));

    // From the last position to the first: what may stand there, and all that may come after it.
    let tail = elements(others, min - positions, max - positions, marks, positions === 0);
    for (let i = Math.min(positions, max) - 1; i >= 0; i--) {
      const here = sequence(i > 0 ? marks.comma : EMPTY, builder.value(schemasAt(i)), tail);
      tail = builder.share(`${path}[${i}]`, () => (min > i ? here : choice(EMPTY, here)));
    }
    return tail;
  }
}

/** Items of a short list, of which each stands once; undefined where they are others. */
function listedItems(builder: Builder, items: Omit<CountedItems, 'isUnique'>): Expression | undefined {
  try {
    return countedItems(builder, { ...items, isUnique: true });
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'TSLM_UNSUPPORTED_KEYWORD') throw error;
    // Fewer values than there must be items.
    const all = items.positions === 0 ? builder.reader.together(items.schemasAt(0)) : undefined;
    const isListOf = all && isListed(all.plain.values()) ? listedValues(builder.reader, all).length : undefined;
    return isListOf !== undefined && isListOf < items.min ? NOTHING : undefined;
  }
}
