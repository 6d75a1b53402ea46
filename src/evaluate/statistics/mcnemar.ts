/** McNemar's test (1947) of two models that are right or wrong on the same items: only the items count on which they differ. */
import { chiSquareTail } from './distributions.ts';

export interface McNemar {
  onlyA: number;
  onlyB: number;
  /** Two-sided, by the binomial distribution. */
  exactP: number;
  /** The same less half of the probability of what was seen (Lancaster 1961), which rejects true nulls nearer to its level. */
  midP: number;
  /** NaN where they never differ. */
  chiSquare: number;
  chiSquareP: number;
  corrected: number;
  correctedP: number;
}

/** @param a 1 where the model is right, else 0 */
export function mcnemar(a: readonly number[], b: readonly number[]): McNemar {
  const onlyA = a.filter((right, i) => right === 1 && b[i] === 0).length;
  const onlyB = a.filter((right, i) => right === 0 && b[i] === 1).length;
  const n = onlyA + onlyB;
  const fewer = Math.min(onlyA, onlyB);
  // C(n, k) / 2^n
  const points: number[] = [];
  for (let k = 0, log = -n * Math.LN2; k <= fewer; k++) {
    points.push(Math.exp(log));
    log += Math.log((n - k) / (k + 1));
  }
  const below = points.reduce((sum, point) => sum + point, 0);
  const exactP = Math.min(1, 2 * below);
  const chiSquare = (onlyA - onlyB) ** 2 / n;
  const corrected = Math.max(0, Math.abs(onlyA - onlyB) - 1) ** 2 / n;
  return {
    onlyA,
    onlyB,
    exactP,
    midP: onlyA === onlyB ? 1 - points[fewer] * (n === 0 ? 0 : 1) : 2 * below - points[fewer],
    chiSquare,
    chiSquareP: chiSquareTail(chiSquare),
    corrected,
    correctedP: chiSquareTail(corrected),
  };
}
