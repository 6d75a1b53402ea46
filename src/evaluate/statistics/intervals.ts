/** Confidence intervals of proportions that hold for few items, too. */
import { betaQuantile, normalQuantile } from './distributions.ts';

/** Both ends of a confidence interval. */
export type Interval = readonly [low: number, high: number];

/** Wilson's score interval (1927). */
export function wilson(right: number, n: number, level = 0.95): Interval {
  const z = normalQuantile(1 - (1 - level) / 2);
  const share = right / n;
  const scale = 1 + (z * z) / n;
  const middle = (share + (z * z) / (2 * n)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [right === 0 ? 0 : middle - half, right === n ? 1 : middle + half];
}

/** Clopper & Pearson's exact interval (1934). */
export function clopperPearson(right: number, n: number, level = 0.95): Interval {
  const tail = (1 - level) / 2;
  return [
    right === 0 ? 0 : betaQuantile(tail, right, n - right + 1),
    right === n ? 1 : betaQuantile(1 - tail, right + 1, n - right),
  ];
}

/** Standard error of a proportion. */
export const proportionError = (right: number, n: number): number => Math.sqrt(((right / n) * (1 - right / n)) / n);
