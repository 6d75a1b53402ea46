/** Successive halving as a plan: how many trials do how many steps (Jamieson & Talwalkar 2016; Hyperband, Li et al. 2018). */
import { floorLog } from './pruners.ts';
import { betterFirst, type Direction } from './trial.ts';

export interface Rung {
  configs: number;
  resource: number;
}

/** Hyperband's brackets, the one with most trials and fewest steps first. */
export function hyperbandBrackets(maxResource: number, eta: number): { s: number; rungs: Rung[] }[] {
  const most = floorLog(maxResource, eta);
  return Array.from({ length: most + 1 }, (_, i) => {
    const s = most - i;
    const n = Math.ceil(((most + 1) * eta ** s) / (s + 1));
    const rungs = Array.from({ length: s + 1 }, (_, k) => ({
      configs: Math.floor(n / eta ** k),
      resource: maxResource / eta ** (s - k),
    }));
    return { s, rungs: rungs.filter(({ configs }) => configs > 0) };
  });
}

/** Who goes on from a rung: the best 1/η, at least one. Of equal values the earlier trial. */
export function survivors(values: ReadonlyMap<number, number>, eta: number, direction: Direction): number[] {
  const order = betterFirst(direction);
  const ranked = [...values].sort((a, b) => order(a[1], b[1]) || a[0] - b[0]).map(([trial]) => trial);
  return ranked.slice(0, Math.max(1, Math.floor(values.size / eta)));
}
