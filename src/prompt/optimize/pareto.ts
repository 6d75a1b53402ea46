/** Candidates of which each is the best on some row (Agrawal et al. 2025, arXiv:2507.19457, algorithm 2). */
import type { Random } from '../../support/random.ts';

/**
 * How many rows each candidate is among the best on, once those are left out whose rows others serve as well; 0 for what was left out.
 *
 * @param scores of candidates, a list of as many rows each
 */
export function paretoCounts(scores: readonly (readonly number[])[]): number[] {
  const rows = scores[0]?.length ?? 0;
  const fronts = Array.from({ length: rows }, (_, row) => {
    const best = Math.max(...scores.map(own => own[row]));
    return [...scores.keys()].filter(i => scores[i][row] === best);
  });
  const sum = (i: number): number => scores[i].reduce((total, one) => total + one, 0);
  const out = new Set<number>();
  // The weakest first; of equal ones the later.
  for (const i of [...scores.keys()].sort((a, b) => sum(a) - sum(b) || b - a)) {
    const own = fronts.filter(front => front.includes(i));
    if (own.every(front => front.some(other => other !== i && !out.has(other)))) out.add(i);
  }
  return [...scores.keys()].map(i => (out.has(i) ? 0 : fronts.filter(front => front.includes(i)).length));
}

/** A candidate's number, drawn in proportion to the rows that it is among the best on. */
export function drawFromFront(scores: readonly (readonly number[])[], random: Random): number {
  const counts = paretoCounts(scores);
  let left = random.below(counts.reduce((sum, count) => sum + count, 0));
  return counts.findIndex(count => {
    left -= count;
    return left < 0;
  });
}
