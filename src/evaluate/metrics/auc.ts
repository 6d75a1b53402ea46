/** How well scores put items with label 1 before those with label 0. */
import { ranks } from './correlation.ts';

/** Area under the ROC curve: how often a positive item scores more than a negative one, ties half (Mann & Whitney 1947). */
export function rocAuc(scores: readonly number[], truth: readonly number[]): number {
  const positives = truth.filter(label => label === 1).length;
  const ranked = ranks(scores).reduce((sum, rank, i) => sum + (truth[i] === 1 ? rank : 0), 0);
  return (ranked - (positives * (positives + 1)) / 2) / (positives * (truth.length - positives));
}

/** Σ over thresholds of (recall − recall before) · precision. */
export function averagePrecision(scores: readonly number[], truth: readonly number[]): number {
  const order = [...scores.keys()].sort((a, b) => scores[b] - scores[a]);
  const positives = truth.filter(label => label === 1).length;
  let [found, before, sum] = [0, 0, 0];
  for (const [i, item] of order.entries()) {
    found += truth[item];
    // Items of the same score come in together.
    if (scores[order[i + 1]] === scores[item]) continue;
    sum += ((found - before) / positives) * (found / (i + 1));
    before = found;
  }
  return sum;
}
