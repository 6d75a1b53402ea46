/** Batches of windows from a corpus, for training and for evaluation. */
import type { CorpusSplit } from '../data/corpus/corpus-split.ts';
import type { Objective, Tokens } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';

/**
 * The windows that an evaluation looks at: spread evenly over the split, the same ones each time.
 *
 * @param options.limit how many at most; 0: all
 * @throws UserError when the split has no tokens to predict
 */
export function evaluationWindows(
  split: CorpusSplit,
  objective: Objective<unknown>,
  context: number,
  { limit = 0 }: { limit?: number } = {},
): Tokens[] {
  if (split.tokens < objective.exampleLength(1)) {
    throw new UserError('TSLM_EMPTY_SPLIT', `the split for evaluations has ${split.tokens} tokens`, {
      hint: 'prepare the corpus with a larger share for it (--validation 0.1), or choose another evaluation.split',
    });
  }
  const length = Math.min(objective.exampleLength(context), split.tokens);
  const stride = Math.min(context, length);
  const available = Math.floor((split.tokens - length) / stride) + 1;
  const count = limit > 0 ? Math.min(limit, available) : available;
  return Array.from({ length: count }, (_, i) => split.read(Math.floor((i * available) / count) * stride, length));
}
