/**
 * Objects: the properties that are listed, in the order of the schema, each left out or not; then any others, of which the
 * patterns of their names decide what they may be.
 */
import { choice, EMPTY, type Expression, literal, sequence } from '../automata/expression.ts';
import { memo } from '../memo.ts';
import { countsOf } from './arrays.ts';
import type { Builder } from './builder.ts';
import { MOST_DISTINCT } from './distinct-names.ts';
import { between } from './json-text.ts';
import { badSchema, unsupported } from './keywords.ts';
import { keyOfRest, namesOf, ownNames } from './late-groups.ts';
import { type Names, namesSaid, otherMembers, subsets } from './other-members.ts';
import { at } from './references.ts';
import { plainOf, type Together } from './together.ts';

const MOST_PROPERTIES = 3000;
/** Ways to come from the first property to the last that alternatives lead to. */
const MOST_STATES = 20_000;

/** Properties that are worked out in one go. */
const STRETCH = 200;

/** @param all its groups speak of properties alone */
export function objectText(builder: Builder, all: Together, path: string): Expression {
  const { reader, marks } = builder;
  const base = plainOf(all);
  const inGroups = [...all.groups.values()].flatMap(group => [...(namesOf(reader, group) ?? [])]);
  const listed = [...new Set([...base.flatMap(({ schema }) => ownNames(schema)), ...inGroups])];
  if (listed.length > MOST_PROPERTIES) throw badSchema(path, `more than ${MOST_PROPERTIES} properties`);
  const later = listed.map((_, i) => (all.groups.size > 0 ? new Set(listed.slice(i)) : new Set<string>()));
  const { min, max } = countsOf(base, 'minProperties', 'maxProperties');
  if (min > listed.length + MOST_DISTINCT) {
    const most = `more than the listed properties and ${MOST_DISTINCT}`;
    throw unsupported('minProperties', path, most, 'list the properties');
  }
  // Members so far: exact where counts ask for it, or else whether there are any.
  const cap = Math.max(1, min, max < Number.POSITIVE_INFINITY ? max : 0);
  const saidBy = new Map<Together, Names>();
  const known = new Map<string, Expression>();

  /** What may come from the i-th listed name on, after `count` members, with witnesses that are still missing. */
  const from = (i: number, count: number, missing: number, held: Together): Expression => {
    const rest = all.groups.size > 0 && i < listed.length ? keyOfRest(held, later[i]) : '';
    return memo(known, `${i}:${count}:${missing}:${rest}`, () => {
      if (known.size > MOST_STATES) throw badSchema(path, `more than ${MOST_STATES} ways through its properties`);
      if (i === listed.length) {
        return otherMembers(builder, said(held), {
          listed,
          missing,
          min: min - count,
          max: max - count,
          isFirst: count === 0,
        });
      }
      const name = listed[i];
      const open = [...held.groups.values()].find(group => namesOf(reader, group)!.has(name));
      if (open) {
        const options = builder.alternatives(held, open).map(option => from(i, count, missing, option));
        return options.length === 1 ? options[0] : builder.share(`${path}{${i}}`, () => choice(...options));
      }
      const names = said(held);
      const isRequired = plainOf(held).some(({ schema }) => (schema.required as string[] | undefined)?.includes(name));
      const options = count < max ? taken(i, count, missing, held) : [];
      if (!isRequired) options.push(from(i + 1, count, missing, held));
      return options.length === 1 && isRequired ? options[0] : builder.share(`${path}{${i}}`, () => choice(...options));

      function taken(i: number, count: number, missing: number, held: Together): Expression[] {
        const { schemas, witnessed: possible } = names.ofName(name);
        if (!names.isAllowed(name) || !reader.together(schemas)) return [];
        const next = Math.min(count + 1, cap);
        const start = [count > 0 ? marks.comma : EMPTY, literal(JSON.stringify(name)), marks.colon];
        return subsets(missing & possible).flatMap(witnessed => {
          const values = names.some.filter((_, w) => (witnessed >> w) & 1).map(({ value }) => at(value, path));
          const both = [...schemas, ...values];
          if (!reader.together(both)) return [];
          return [sequence(...start, builder.value(both), from(i + 1, next, missing & ~witnessed, held))];
        });
      }
    });
  };
  const said = (held: Together): Names => memo(saidBy, held, () => namesSaid(builder, plainOf(held), path));

  if (min > max) return choice();
  // From the end, so that what is later is known already and the stack stays short.
  if (all.groups.size === 0) {
    for (let i = listed.length - STRETCH; i > 0; i -= STRETCH) {
      for (let count = 0; count <= Math.min(i, cap); count++) from(i, count, 0, all);
    }
  }
  const inside = from(0, 0, 2 ** said(all).some.length - 1, all);
  return between('{', '}', inside, marks);
}
