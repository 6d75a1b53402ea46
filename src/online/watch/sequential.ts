/**
 * A test that may be looked at after every judgement (mixture sequential probability ratio test, Robbins 1970; Johari et al. 2022,
 * arXiv:1512.04922): its p never falls below α by chance with more than that probability, however often one looks.
 */

export interface Sample {
  count: number;
  mean: number;
  /** With n − 1; 0 of fewer than two. */
  variance: number;
}

export function sampleOf(values: readonly number[]): Sample {
  const count = values.length;
  const mean = count === 0 ? 0 : values.reduce((a, b) => a + b, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { count, mean, variance: count < 2 ? 0 : squares / (count - 1) };
}

/** With fewer judgements on a side the normal approximation says nothing. */
const LEAST = 10;
/** Differences that are expected, on a scale from −1 to 1. */
const SPREAD = 0.3;

/** @returns the difference a − b of the means, and the always-valid p that there is none */
export function sequentialTest(a: Sample, b: Sample): { difference: number; p: number } {
  const difference = a.mean - b.mean;
  if (Math.min(a.count, b.count) < LEAST) return { difference, p: 1 };
  const pooled = ((a.count - 1) * a.variance + (b.count - 1) * b.variance) / (a.count + b.count - 2);
  // Judgements that are all alike so far need not stay so: as if one of each side had been another.
  const variance = Math.max(pooled, 1 / (a.count + b.count));
  const v = variance * (1 / a.count + 1 / b.count);
  const log = 0.5 * Math.log(v / (v + SPREAD ** 2)) + (SPREAD ** 2 * difference ** 2) / (2 * v * (v + SPREAD ** 2));
  return { difference, p: Math.min(1, Math.exp(-log)) };
}
