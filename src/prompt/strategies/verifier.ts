/**
 * What says how good a solution is, whole or as far as it has come: a head trained on the model's own samples (Cobbe et al. 2021,
 * arXiv:2110.14168; by steps Wang et al. 2023, arXiv:2312.08935), or the model itself, asked whether it is right (Kadavath et al.
 * 2022, arXiv:2207.05221: P(True)).
 */
import type { Engine } from '../../engine/protocol.ts';
import { usageError } from '../../support/errors.ts';
import type { Completer } from '../completer.ts';

export interface Verifier {
  /** Of each solution, whole or begun, the probability that it is or comes out right. */
  score(question: string, solutions: readonly string[], signal?: AbortSignal): Promise<number[]>;
}

/** The class that means right in a verifier's data (`tslm prompt label`). */
export const RIGHT = 'right';

/** The text that a verifier reads. */
export const verifierText = (question: string, solution: string): string => `${question}${solution}`;

/** @throws UserError for a model that has no class `right` */
export function classifierVerifier(engine: Engine): Verifier {
  if (!engine.card.abilities.includes('classify')) {
    throw usageError(
      'TSLM_NOT_ABLE',
      `${engine.card.id} does not classify texts`,
      'train a verifier on what `tslm prompt label` writes: `tslm finetune MODEL --data FILE`',
    );
  }
  return {
    async score(question, solutions, signal) {
      const inputs = solutions.map(solution => verifierText(question, solution));
      const { labels } = await engine.call('classify', { inputs, topK: 1000, truncate: true }, signal);
      return labels.map(own => {
        const right = own.find(({ label }) => label === RIGHT);
        if (right) return right.score;
        throw usageError(
          'TSLM_NOT_ABLE',
          `${engine.card.id} has no class '${RIGHT}'`,
          'a verifier is trained on what `tslm prompt label` writes',
        );
      });
    },
  };
}

/** The model's own belief: how much more probable yes is than no behind the solution. */
export function selfVerifier(completer: Completer): Verifier {
  if (!completer.score) {
    throw usageError(
      'TSLM_NOT_ABLE',
      `${completer.name} does not tell probabilities`,
      'give a verifier: a model folder',
    );
  }
  return {
    async score(question, solutions, signal) {
      const scores: number[] = [];
      for (const solution of solutions) {
        const asked = `${verifierText(question, solution)}\n\nIs this right? Answer yes or no:`;
        const [yes, no] = await completer.score!(asked, [' yes', ' no'], signal);
        scores.push(1 / (1 + Math.exp(no.logProb - yes.logProb)));
      }
      return scores;
    },
  };
}
