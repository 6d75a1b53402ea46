/**
 * Discounts of Kneser–Ney smoothing, from the counts of counts n₁ … n₄ of one n-gram length.
 *
 * - `modified`: three discounts, for counts of 1, 2 and 3 or more (Chen & Goodman 1998, equation 26)
 * - `absolute`: one discount n₁ / (n₁ + 2 n₂) for all counts (Ney, Essen & Kneser 1994)
 *
 * Small or artificial data can lack the counts of counts, or give discounts outside (0, count]. The fallback then takes
 * their place, as with `lmplz --discount_fallback`. A discount of exactly 0 counts as outside, unlike there: it would
 * leave nothing to share with tokens that a context has not seen.
 */
import { usageError } from '../support/errors.ts';

/** Modified Kneser-Ney with three discounts, or absolute discounting with one. */
export type Smoothing = 'modified' | 'absolute';

/** Discounts of counts 1, 2 and 3 or more. */
export type Discounts = [one: number, two: number, threeOrMore: number];

export const FALLBACK_DISCOUNTS: Record<Smoothing, Discounts> = {
  modified: [0.5, 1, 1.5],
  absolute: [0.5, 0.5, 0.5],
};

/**
 * @param counts adjusted counts of the n-grams of one length; zeros are no n-grams
 * @param fallback discounts to use where the data give none
 */
export function estimateDiscounts(
  counts: Uint32Array,
  smoothing: Smoothing,
  fallback: Discounts = FALLBACK_DISCOUNTS[smoothing],
): { discounts: Discounts; fallback: boolean } {
  const n = [0, 0, 0, 0, 0];
  for (let i = 0; i < counts.length; i++) if (counts[i] < 5) n[counts[i]]++;
  const y = n[1] / (n[1] + 2 * n[2]);
  const estimated: Discounts =
    smoothing === 'absolute'
      ? [y, y, y]
      : [1 - (2 * y * n[2]) / n[1], 2 - (3 * y * n[3]) / n[2], 3 - (4 * y * n[4]) / n[3]];
  // NaN, from counts of counts that are zero, is in no range.
  const usable = estimated.every((discount, i) => discount > 0 && discount <= i + 1);
  return usable ? { discounts: estimated, fallback: false } : { discounts: fallback, fallback: true };
}

/** @throws UserError unless each discount is above 0 and at most the count that it is taken from */
export function checkDiscounts(discounts: readonly number[]): void {
  if (discounts.length !== 3 || !discounts.every((discount, i) => discount > 0 && discount <= i + 1)) {
    throw usageError(
      'TSLM_NGRAM_DISCOUNT',
      `discounts ${discounts.join(' ')}: expected three, in (0, 1], (0, 2] and (0, 3]`,
    );
  }
}
