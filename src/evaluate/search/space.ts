/** A space of parameters of which some exist only beside certain values of others. */
import { type Distribution, indexOf, isSingle } from './distributions.ts';

export interface Parameter {
  distribution: Distribution;
  /** It exists only where each of these parameters has one of the values. */
  when?: Readonly<Record<string, readonly unknown[]>>;
}

/** By name, each after those that its `when` names. */
export type Space = Readonly<Record<string, Parameter>>;

export type Values = Readonly<Record<string, unknown>>;

/** Whether a parameter exists beside the values of others. */
export const isActive = ({ when = {} }: Parameter, values: Values): boolean =>
  Object.entries(when).every(
    ([name, allowed]) => name in values && indexOf({ kind: 'choice', choices: allowed }, values[name]) >= 0,
  );

/** Parameters that always exist together, in the order in which they are decided. Of those with one value nothing is to be learnt. */
export function groupsOf(space: Space): string[][] {
  const groups = new Map<string, string[]>();
  for (const [name, { when = {} }] of Object.entries(space)) {
    const key = JSON.stringify(Object.entries(when).sort(([a], [b]) => (a < b ? -1 : 1)));
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

/** Decides the parameters group by group; those that do not exist are left out. @param choose values of some that exist */
export function decide(space: Space, groups: readonly string[][], choose: (names: string[]) => Values): Values {
  let values: Values = {};
  for (const group of groups) {
    if (!isActive(space[group[0]], values)) continue;
    const fixed = group.filter(name => isSingle(space[name].distribution));
    const open = group.filter(name => !fixed.includes(name));
    const known = fixed.map(name => {
      const { distribution } = space[name];
      return [name, distribution.kind === 'choice' ? distribution.choices[0] : distribution.low] as const;
    });
    values = { ...values, ...Object.fromEntries(known), ...(open.length > 0 && choose(open)) };
  }
  return values;
}
