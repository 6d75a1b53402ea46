/** Two models on the same items: the mean difference, and how sure one may be of it. */
import { pearson } from '../metrics/correlation.ts';
import { normalQuantile, normalTail, tCritical, tTwoSided } from './distributions.ts';
import type { Interval } from './intervals.ts';
import { mean, meanError } from './means.ts';

export interface PairedTest {
  /** z or t: the mean difference by its standard error. */
  statistic: number;
  /** Two-sided. */
  p: number;
  interval: Interval;
}

export interface PairedDifference {
  meanA: number;
  meanB: number;
  errorA: number;
  errorB: number;
  difference: number;
  /** Of the differences item by item, and as if the items were not the same. */
  pairedError: number;
  unpairedError: number;
  correlation: number;
  z: PairedTest;
  t: PairedTest;
}

export const differences = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value - b[i]);

/** Where all differences are alike there is no statistic: z and t are NaN or infinite. */
export function pairedDifference(a: readonly number[], b: readonly number[], level = 0.95): PairedDifference {
  const items = differences(a, b);
  const [difference, pairedError] = [mean(items), meanError(items)];
  const [errorA, errorB] = [meanError(a), meanError(b)];
  const df = a.length - 1;
  const statistic = difference / pairedError;
  const around = (critical: number): Interval => [
    difference - critical * pairedError,
    difference + critical * pairedError,
  ];
  return {
    meanA: mean(a),
    meanB: mean(b),
    errorA,
    errorB,
    difference,
    pairedError,
    unpairedError: Math.hypot(errorA, errorB),
    correlation: pearson(a, b),
    z: { statistic, p: 2 * normalTail(Math.abs(statistic)), interval: around(normalQuantile(1 - (1 - level) / 2)) },
    t: { statistic, p: tTwoSided(statistic, df), interval: around(tCritical(1 - level, df)) },
  };
}
