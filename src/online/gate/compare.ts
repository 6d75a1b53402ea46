/** One figure of the gate: candidate against champion on the same items, with an interval. */
import { compareItems } from '../../evaluate/compare/compare-items.ts';
import type { Interval } from '../../evaluate/statistics/intervals.ts';
import { mean } from '../../evaluate/statistics/means.ts';
import type { Figure } from './decision.ts';

/** With fewer people than this the items stand for themselves. */
const LEAST_CLUSTERS = 5;

export function figureOf(candidate: readonly number[], champion: readonly number[], users?: readonly string[]): Figure {
  const people = new Set(users).size;
  const clusters = users && people >= LEAST_CLUSTERS ? users : undefined;
  const found = compareItems(candidate, champion, 'mean', { clusters });
  // Where nothing differs there is nothing to be unsure of; a single item says nothing.
  const isSame = candidate.every((value, i) => value === champion[i]);
  const interval: Interval = isSame
    ? [0, 0]
    : found.interval.some(Number.isNaN)
      ? [-Infinity, Infinity]
      : found.interval;
  return {
    candidate: found.a,
    champion: found.b,
    difference: found.difference,
    interval,
    p: found.p,
    items: candidate.length,
    ...(clusters && { users: people }),
  };
}

/** Of the differences of each person, without the fifth that gained most and the fifth that lost most. */
export function trimmedByUser(differences: readonly number[], users: readonly string[], trim = 0.2): number {
  const means = perUser(differences, users)
    .map(([, values]) => mean(values))
    .sort((a, b) => a - b);
  const cut = Math.floor(means.length * trim);
  return mean(means.slice(cut, means.length - cut));
}

/** The mean difference without each person in turn: what it would be at worst. */
export function leaveOneUserOut(
  differences: readonly number[],
  users: readonly string[],
): { user: string; difference: number }[] {
  if (new Set(users).size < 2) return [];
  return perUser(differences, users).map(([user]) => ({
    user,
    difference: mean(differences.filter((_, i) => users[i] !== user)),
  }));
}

function perUser(values: readonly number[], users: readonly string[]): [string, number[]][] {
  const groups = new Map<string, number[]>();
  for (const [i, value] of values.entries()) groups.set(users[i], [...(groups.get(users[i]) ?? []), value]);
  return [...groups];
}
