/** Windows of a corpus as rows: stretches of its tokens that all have the same length. */
import { UserError } from '../../support/errors.ts';
import { randomFor } from '../../support/random.ts';
import type { CorpusSplit } from '../corpus/corpus-split.ts';
import type { Dataset } from './dataset.ts';
import type { Rows } from './rows.ts';

export interface WindowOptions {
  /** Tokens in a window. */
  length: number;
  /** Tokens from one window's start to the next one's; windows that predict the next token overlap by one. */
  stride: number;
}

/**
 * The windows to train on. Each epoch cuts the tokens at other places, and shows every one once, but for less than a stride
 * at the ends.
 *
 * @throws UserError when the split is shorter than a window
 */
export function corpusWindows(
  split: CorpusSplit,
  { length, stride, seed }: WindowOptions & { seed: number },
): Dataset<Rows['tokens']> {
  if (split.tokens < length) {
    throw new UserError('TSLM_CORPUS_TOO_SMALL', `the split has ${split.tokens} tokens, one example needs ${length}`, {
      hint: 'train on more text, or make the context shorter',
    });
  }
  const slack = (split.tokens - length) % stride;
  // Any cut, so that the last window ends in the split; the first one may overlap the second to stay in it too.
  const first = (epoch: number): number => slack - randomFor(seed, epoch, CUT).below(stride);
  return {
    length: Math.floor((split.tokens - length) / stride) + 1,
    row: (index, epoch = 0) => windowAt(split, Math.max(0, first(epoch) + index * stride), length),
    fingerprint: split.fingerprint,
  };
}

/** In place of an example's number, for what an epoch draws once. */
const CUT = 2 ** 40;

/**
 * The windows that an evaluation looks at: spread evenly over the split, the same ones each time. Of a split that is shorter
 * than a window, one that is as long as it.
 *
 * @param options.limit how many at most; 0: all
 * @throws UserError when the split has no tokens to predict
 */
export function evaluationWindows(
  split: CorpusSplit,
  { length, stride, limit = 0 }: WindowOptions & { limit?: number },
): Dataset<Rows['tokens']> {
  if (split.tokens < 2) {
    throw new UserError('TSLM_EMPTY_SPLIT', `the split for evaluations has ${split.tokens} tokens`, {
      hint: 'prepare the corpus with a larger share for it (--validation 0.1), or choose another evaluation.split',
    });
  }
  const size = Math.min(length, split.tokens);
  const step = Math.min(stride, size);
  const available = Math.floor((split.tokens - size) / step) + 1;
  const count = limit > 0 ? Math.min(limit, available) : available;
  return {
    length: count,
    row: index => windowAt(split, Math.floor((index * available) / count) * step, size),
    fingerprint: split.fingerprint,
  };
}

const windowAt = (split: CorpusSplit, offset: number, length: number): Rows['tokens'] => ({
  ids: split.read(offset, length),
  starts: split.documentStarts(offset, length),
});
