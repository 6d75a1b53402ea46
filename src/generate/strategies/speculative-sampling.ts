/**
 * Speculative sampling (Leviathan et al. 2023, arXiv:2211.17192; Chen et al. 2023, arXiv:2302.01318): a token that was
 * guessed from a distribution q is accepted with probability min(1, p / q) and otherwise drawn from what p has more than
 * q. What comes out is distributed as p, whatever q is.
 */
import type { Random } from '../../support/random.ts';
import { drawIndex, multinomial, softmax } from '../sampling.ts';

/** A token that may come next. */
export interface Guess {
  id: number;
  /** The distribution [vocabulary] that it was drawn from; a token that was not drawn has none: it was certain. */
  probabilities?: Float64Array;
}

/** @param logits of the model itself, after the processors: p = softmax(logits) */
export function speculativeSample(logits: Float32Array, { id, probabilities: q }: Guess, random: Random): number {
  const p = softmax(logits);
  if (random.next() < p[id] / (q?.[id] ?? 1)) return id;
  let total = 0;
  for (let i = 0; i < p.length; i++) {
    p[i] = Math.max(0, p[i] - (q?.[i] ?? (i === id ? 1 : 0)));
    total += p[i];
  }
  // Rounding alone can make p no larger than q anywhere; then they are the same.
  return total > 0 ? drawIndex(p, total, random) : multinomial(logits, random);
}
