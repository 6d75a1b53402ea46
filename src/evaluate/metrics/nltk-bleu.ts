/**
 * BLEU of words as NLTK computes it: n-gram precisions with Chen & Cherry's smoothing (2014), which many papers on short texts
 * report. For translation use `bleu.ts`.
 */
import { countNgrams } from './words.ts';

export interface NltkBleuOptions {
  /** Longest run of words; all count alike. Default 4. */
  maxNgramOrder?: number;
  /** 1: 0.1 of a match; 2: one more of both; 3: ½, ¼, …; 4: the same, less for short texts. Default none: 0. */
  smoothing?: 0 | 1 | 2 | 3 | 4;
}

/**
 * @param references of each text
 * @returns 0 to 1
 */
export function nltkBleu(
  hypotheses: readonly (readonly string[])[],
  references: readonly (readonly (readonly string[])[])[],
  { maxNgramOrder = 4, smoothing = 0 }: NltkBleuOptions = {},
): number {
  const orders = Array.from({ length: maxNgramOrder }, (_, n) => n + 1);
  const matches = orders.map(n => hypotheses.reduce((sum, words, i) => sum + clipped(words, references[i], n), 0));
  const counts = orders.map(n => hypotheses.reduce((sum, { length }) => sum + Math.max(1, length - n + 1), 0));
  if (matches[0] === 0) return 0;
  const length = hypotheses.reduce((sum, words) => sum + words.length, 0);
  const nearest = hypotheses.reduce((sum, words, i) => sum + nearestLength(words.length, references[i]), 0);
  const penalty = length > nearest ? 1 : length === 0 ? 0 : Math.exp(1 - nearest / length);
  const precisions = smoothed(matches, counts, smoothing, length);
  return penalty * Math.exp(precisions.reduce((sum, p) => sum + Math.log(p || Number.MIN_VALUE) / orders.length, 0));
}

function smoothed(matches: readonly number[], counts: readonly number[], how: number, length: number): number[] {
  let halvings = 0;
  return matches.map((match, n) => {
    if (how === 2 && n > 0) return (match + 1) / (counts[n] + 1);
    if (match > 0 || how === 0 || how === 2) return match / counts[n];
    if (how === 1) return 0.1 / counts[n];
    halvings++;
    if (how === 3) return 1 / (2 ** halvings * counts[n]);
    return length > 1 ? 1 / ((2 ** halvings * 5) / Math.log(length)) / counts[n] : 0;
  });
}

/** Runs that a reference has, each as often as the one that has it most often. */
function clipped(words: readonly string[], references: readonly (readonly string[])[], n: number): number {
  const others = references.map(reference => countNgrams(reference, n));
  let sum = 0;
  for (const [ngram, count] of countNgrams(words, n)) {
    sum += Math.min(count, Math.max(0, ...others.map(other => other.get(ngram) ?? 0)));
  }
  return sum;
}

const nearestLength = (length: number, references: readonly (readonly string[])[]): number =>
  references
    .map(reference => reference.length)
    .reduce((best, one) => {
      const [far, near] = [Math.abs(one - length), Math.abs(best - length)];
      return far < near || (far === near && one < best) ? one : best;
    });
