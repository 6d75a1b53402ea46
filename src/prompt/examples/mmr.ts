/** Maximal marginal relevance (Carbonell & Goldstein 1998): like the question, and unlike what is chosen already. */
import { dot } from './vectors.ts';

/** @returns numbers of `count` candidates in the order of their choice */
export function maximalMarginalRelevance(
  query: ArrayLike<number>,
  candidates: readonly ArrayLike<number>[],
  { count, lambda = 0.5 }: { count: number; lambda?: number },
): number[] {
  const relevance = candidates.map(candidate => dot(query, candidate));
  const chosen: number[] = [];
  while (chosen.length < Math.min(count, candidates.length)) {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (const i of candidates.keys()) {
      if (chosen.includes(i)) continue;
      const repeated = Math.max(0, ...chosen.map(j => dot(candidates[i], candidates[j])));
      const value = lambda * relevance[i] - (1 - lambda) * repeated;
      if (value > most) [best, most] = [i, value];
    }
    chosen.push(best);
  }
  return chosen;
}
