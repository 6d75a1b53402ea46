/**
 * Which stretches of a corpus make up each batch. An epoch cuts the tokens into windows and visits every one once in
 * random order; each epoch cuts at other places. Position and order follow from (seed, windows drawn so far) alone, so
 * resuming needs one number.
 */
import type { CorpusSplit } from '../data/corpus/corpus-split.ts';
import type { Tokens } from '../objectives/objective.ts';
import { UserError } from '../support/errors.ts';
import { createRandom } from '../support/random.ts';

export interface WindowSampler {
  /** The next window. */
  next(): Tokens;
  /** Windows drawn so far; save it, and set it to resume. */
  drawn: number;
  /** Windows in an epoch. */
  readonly windowsPerEpoch: number;
}

/**
 * @param length tokens in a window
 * @param stride tokens from one window's start to the next one's; windows that predict the next token overlap by one
 */
export function createWindowSampler(
  split: CorpusSplit,
  { length, stride, seed }: { length: number; stride: number; seed: number },
): WindowSampler {
  if (split.tokens < length) {
    throw new UserError('TSLM_CORPUS_TOO_SMALL', `the split has ${split.tokens} tokens, one example needs ${length}`, {
      hint: 'train on more text, or make the context shorter',
    });
  }
  const slack = (split.tokens - length) % stride;
  const windowsPerEpoch = Math.floor((split.tokens - length) / stride) + 1;
  let epoch = -1;
  let first = 0;
  let order = new Uint32Array(0);

  return {
    drawn: 0,
    windowsPerEpoch,
    next() {
      const now = Math.floor(this.drawn / windowsPerEpoch);
      if (now !== epoch) {
        epoch = now;
        const random = createRandom(seed + 0x9e37 * epoch);
        // Any cut, so that the last window ends in the split; the first one may overlap the second to stay in it too.
        first = slack - random.below(stride);
        order = random.shuffle(Uint32Array.from({ length: windowsPerEpoch }, (_, i) => i));
      }
      const index = order[this.drawn % windowsPerEpoch];
      this.drawn++;
      return split.read(Math.max(0, first + index * stride), length);
    },
  };
}
