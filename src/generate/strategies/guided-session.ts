/**
 * Classifier-free guidance for text (Sanchez et al. 2023, arXiv:2306.17806): what the prompt makes of the next token is
 * compared with what follows without it, or after another prompt, and exaggerated.
 *
 *     log p' = log p(· | other) + scale · (log p(· | prompt) − log p(· | other))
 */
import { logSoftmax } from '../sampling.ts';
import type { Session } from '../sessions/session.ts';

export interface Guidance {
  /** What the unguided texts begin with, for each prompt. */
  prompts: readonly ArrayLike<number>[];
  /** Above 1: towards the prompt; below: away from it. */
  scale: number;
}

/** Two sessions of one model as one, which disposes of both. */
export function guidedSession(conditional: Session, unconditional: Session, { prompts, scale }: Guidance): Session {
  let isFirst = true;
  return {
    step(input) {
      const towards = conditional.step(input).map(logSoftmax);
      const from = unconditional.step(isFirst ? prompts : input).map(logSoftmax);
      isFirst = false;
      for (const [row, scores] of towards.entries()) {
        for (const [id, start] of from[row].entries()) scores[id] = start + scale * (scores[id] - start);
      }
      return towards;
    },
    selectRows(rows) {
      conditional.selectRows(rows);
      unconditional.selectRows(rows);
    },
    [Symbol.dispose]() {
      conditional[Symbol.dispose]();
      unconditional[Symbol.dispose]();
    },
  };
}
