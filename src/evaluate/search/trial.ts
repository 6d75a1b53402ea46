/** What a search knows of a trial. */
import type { Values } from './space.ts';

export interface Trial {
  number: number;
  values: Values;
  /** `pruned`: it was stopped before its end. `failed`: it came to nothing. */
  state: 'running' | 'complete' | 'pruned' | 'failed';
  /** Of a complete trial. NaN is worse than any number. */
  value?: number;
  /** What it reported, by step. */
  reports: ReadonlyMap<number, number>;
}

export type Direction = 'minimize' | 'maximize';

/** Orders values the better one first, NaN last. */
export const betterFirst =
  (direction: Direction) =>
  (a: number, b: number): number => {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return direction === 'minimize' ? a - b : b - a;
  };

/** The complete trial with the best value; of equal ones the first. */
export function bestOf(trials: readonly Trial[], direction: Direction): Trial | undefined {
  const order = betterFirst(direction);
  const complete = trials.filter(({ state, value }) => state === 'complete' && !Number.isNaN(value));
  return [...complete].sort((a, b) => order(a.value!, b.value!) || a.number - b.number)[0];
}
