/** The continuations that a step of beam search looks at: of all beams and all tokens together. */
import type { Random } from '../../support/random.ts';
import { notANumber } from '../sampling.ts';

export interface Candidate {
  /** Index of the beam that it continues. */
  beam: number;
  id: number;
  /** The beam's score plus the token's, in float32. */
  score: number;
  /** What the token adds. */
  logProb: number;
}

/**
 * The `count` continuations of highest score, best first; of equals the one of the earlier beam, then of the lower id.
 *
 * @param beamScores sum of log-probabilities of each beam
 * @param logProbs of the next token, for each beam: [vocabulary]
 * @throws UserError when a log-probability is NaN
 */
export const bestCandidates = (
  beamScores: readonly number[],
  logProbs: readonly Float32Array[],
  count: number,
): Candidate[] => largest(beamScores, logProbs, count, score => score);

/**
 * Draws `count` different continuations with probability softmax(score), in the order in which they are drawn: the
 * largest of the scores after independent Gumbel noise (Kool et al. 2019, arXiv:1903.06059).
 */
export const drawCandidates = (
  beamScores: readonly number[],
  logProbs: readonly Float32Array[],
  count: number,
  random: Random,
): Candidate[] => largest(beamScores, logProbs, count, score => score - Math.log(-Math.log(positive(random.next()))));

/** Nothing is −∞ at 0 that a draw may give. */
const positive = (uniform: number): number => Math.max(uniform, Number.MIN_VALUE);

function largest(
  beamScores: readonly number[],
  logProbs: readonly Float32Array[],
  count: number,
  keyOf: (score: number) => number,
): Candidate[] {
  const kept: (Candidate & { key: number })[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (const [beam, beamScore] of beamScores.entries()) {
    const row = logProbs[beam];
    for (let id = 0; id < row.length; id++) {
      const logProb = row[id];
      // Forbidden tokens are candidates only where nothing else is left.
      if (logProb === Number.NEGATIVE_INFINITY && kept.length === count) continue;
      if (Number.isNaN(logProb)) throw notANumber();
      const score = Math.fround(beamScore + logProb);
      const key = score === Number.NEGATIVE_INFINITY ? score : keyOf(score);
      if (kept.length === count) {
        if (key <= least) continue;
        kept.pop();
      }
      let place = kept.length;
      while (place > 0 && kept[place - 1].key < key) place--;
      kept.splice(place, 0, { beam, id, score, logProb, key });
      least = kept[kept.length - 1].key;
    }
  }
  return kept.map(({ beam, id, score, logProb }) => ({ beam, id, score, logProb }));
}
