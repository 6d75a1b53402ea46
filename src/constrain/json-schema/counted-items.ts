/** Items of which it counts how many follow a schema (`contains`), or which of a list were there (`uniqueItems`). */
import { choice, EMPTY, type Expression, many, NOTHING, sequence } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import type { Builder } from './builder.ts';
import { valueText } from './json-text.ts';
import { badSchema, unsupported } from './keywords.ts';
import type { Located } from './references.ts';
import type { Together } from './together.ts';
import { isListed, typesOf } from './types.ts';
import { followsAll, listedValues, spelled } from './values.ts';

const MOST_STATES = 10_000;
/** Items of a list that may each stand once. */
const MOST_UNIQUE = 12;

export interface CountedItems {
  /** What follows an item is the same from this position on. */
  positions: number;
  min: number;
  max: number;
  schemasAt(position: number): Located[];
  contains: readonly { from: number; value: Located; min: number; max: number }[];
  isUnique: boolean;
  path: string;
}

/** One way for the next item to be: what it follows beside, and what is counted then. */
interface Way {
  extra: Located[];
  counts: number[];
}

export function countedItems(builder: Builder, items: CountedItems): Expression {
  const { positions, min, max, schemasAt, contains, isUnique, path } = items;
  const { marks } = builder;
  /** Places beyond are all alike. */
  const last = Math.max(1, positions, min, max < Number.POSITIVE_INFINITY ? max : 0);
  const states = new Map<string, Expression>();
  const bits = new Map<string, number>();

  const waysOf = (at: number, counts: readonly number[]): Way[] =>
    contains.reduce<Way[]>(
      (ways, { from, value, min: least, max: most }, c) =>
        ways.flatMap(({ extra, counts: before }) => {
          const count = counts[c];
          const with1 = (n: number): number[] => before.map((other, i) => (i === c ? n : other));
          const isOpen = most === Number.POSITIVE_INFINITY;
          if (at < from || (isOpen && count >= least)) return [{ extra, counts: before }];
          return [
            ...(count < most ? [{ extra: [...extra, value], counts: with1(count + 1) }] : []),
            { extra: isOpen ? extra : [...extra, { ...value, not: true }], counts: before },
          ];
        }),
      [{ extra: [], counts: [...counts] }],
    );

  /** How the next item may be written, and the items that were there then. */
  const itemsAt = (at: number, used: number, extra: readonly Located[]): { text: Expression; used: number }[] => {
    const schemas = [...schemasAt(at), ...extra];
    const all = builder.reader.together(schemas);
    if (!all) return [];
    if (!isUnique) return [{ text: builder.value(schemas), used }];
    return valuesOf(all).flatMap(value => {
      const bit = 2 ** memo(bits, spelled(value), () => bits.size);
      if (bits.size > MOST_UNIQUE) throw notListed();
      return Math.floor(used / bit) % 2 === 1 ? [] : [{ text: valueText(value, marks), used: used + bit }];
    });
  };
  const valuesOf = (all: Together): unknown[] => {
    const types = [...typesOf(all.plain.values())];
    if (isListed(all.plain.values())) return listedValues(builder.reader, all);
    if (!types.every(type => type === 'boolean' || type === 'null')) throw notListed();
    return [null, true, false].filter(value => followsAll(builder.reader, value, all));
  };
  const notListed = (): Error =>
    unsupported(
      'uniqueItems',
      path,
      `for items other than a list of up to ${MOST_UNIQUE}`,
      'leave it out, and check the result',
    );

  /** What may come after this number of items. */
  const from = (count: number, counts: readonly number[], used: number): Expression =>
    memo(states, `${count}:${counts}:${used}`, () => {
      if (states.size > MOST_STATES) throw badSchema(path, `more than ${MOST_STATES} places that counts tell apart`);
      const next = Math.min(count + 1, last);
      const again: Expression[] = [];
      const on: Expression[] = [];
      for (const way of count < max ? waysOf(count, counts) : []) {
        for (const { text, used: then } of itemsAt(count, used, way.extra)) {
          const item = sequence(count > 0 ? marks.comma : EMPTY, text);
          const isSame = next === count && then === used && way.counts.every((n, c) => n === counts[c]);
          if (isSame) again.push(item);
          else on.push(sequence(item, from(next, way.counts, then)));
        }
      }
      const mayEnd =
        count >= min && contains.every(({ min: least, max: most }, c) => counts[c] >= least && counts[c] <= most);
      const rest = choice(...(mayEnd ? [EMPTY] : []), ...on);
      const whole = again.length > 0 ? sequence(many(choice(...again)), rest) : rest;
      return builder.share(`${path}[${count}]`, () => whole);
    });
  if (min > max) return NOTHING;
  return from(
    0,
    contains.map(() => 0),
    0,
  );
}
