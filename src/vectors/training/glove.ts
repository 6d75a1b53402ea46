/**
 * GloVe (Pennington et al. 2014): Σ f(x)·(w·w̃ + b + b̃ − log x)² / 2 over pairs of words with co-occurrence x, by AdaGrad. A
 * word's vector is the sum w + w̃ of what it is as word and as context.
 */
import { type GloveJob, rangeOf } from './job.ts';

/** f(x) = min(1, (x / xMax)^α) */
export const gloveWeight = (count: number, xMax: number, alpha: number): number =>
  count < xMax ? (count / xMax) ** alpha : 1;

type Numbers = Float32Array | Float64Array;

/** w·w̃ + b + b̃ − log x, of rows whose last number is the bias. */
export function gloveDifference(
  vectors: Numbers,
  at: number,
  contexts: Numbers,
  contextAt: number,
  dimension: number,
  count: number,
): number {
  let score = vectors[at + dimension] + contexts[contextAt + dimension];
  for (let i = 0; i < dimension; i++) score += vectors[at + i] * contexts[contextAt + i];
  return score - Math.log(count);
}

export function runGlove(job: GloveJob, part: number, onProgress: () => void = () => {}): void {
  const { first, second, counts, options, done, losses } = job;
  const [from, to] = rangeOf(counts.length, part, done.length);
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const at = 2 * (part * options.epochs + epoch);
    for (let pair = from; pair < to; pair++) {
      const [a, b] = [first[pair], second[pair]];
      losses[at] += trainPair(job, a, b, counts[pair]);
      losses[at + 1]++;
      // The table is symmetric, and its diagonal is there once.
      if (a !== b) {
        losses[at] += trainPair(job, b, a, counts[pair]);
        losses[at + 1]++;
      }
      done[part]++;
      if (pair % 4096 === 0) onProgress();
    }
  }
}

/** A step of AdaGrad on one pair; returns its loss before it. */
export function trainPair(job: GloveJob, word: number, context: number, count: number): number {
  const { vectors, contexts, vectorSquares, contextSquares, options } = job;
  const { dimension, rate, xMax, alpha } = options;
  const [at, contextAt] = [word * (dimension + 1), context * (dimension + 1)];
  const difference = gloveDifference(vectors, at, contexts, contextAt, dimension, count);
  const slope = gloveWeight(count, xMax, alpha) * difference;
  for (let i = 0; i < dimension; i++) {
    const v = at + i;
    const c = contextAt + i;
    const gradient = slope * contexts[c];
    const contextGradient = slope * vectors[v];
    vectors[v] -= (rate * gradient) / Math.sqrt(vectorSquares[v]);
    contexts[c] -= (rate * contextGradient) / Math.sqrt(contextSquares[c]);
    vectorSquares[v] += gradient * gradient;
    contextSquares[c] += contextGradient * contextGradient;
  }
  // The biases, which are multiplied by nothing.
  const [v, c] = [at + dimension, contextAt + dimension];
  vectors[v] -= (rate * slope) / Math.sqrt(vectorSquares[v]);
  contexts[c] -= (rate * slope) / Math.sqrt(contextSquares[c]);
  vectorSquares[v] += slope * slope;
  contextSquares[c] += slope * slope;
  return 0.5 * slope * difference;
}
