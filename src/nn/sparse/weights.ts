/** What the sparse kinds of attention share: scores that become probabilities, and masks of padding. */
import { type DType, dispose, ones, type Tensor } from '../../torch/index.ts';

/** What every kind of attention takes. */
export interface SparseOptions {
  /** Scores are multiplied by it; default 1 / √dim. */
  scale?: number;
  /** int64 [batch, time], 1 where a token counts and 0 for padding; default all count. */
  attentionMask?: Tensor;
}

export interface DropoutOption {
  /** On the probabilities while training; default none. */
  dropout?: (probabilities: Tensor) => Tensor;
}

/** What scores are added up in. Their softmax sums in float32 for bfloat16 too, but float16 does not reach `HIDDEN`. */
const scoreType = (dtype: DType): DType => (dtype === 'float16' ? 'float32' : dtype);

/** Lowers a score so far that its weight is 0, yet not to −∞: a query that sees nothing looks at every key alike. */
const HIDDEN = -1e30;

/** What to add to scores of `dtype`: 0, or `HIDDEN` where `hidden` (bool) is true. */
export const hiddenBias = (hidden: Tensor, dtype: DType): Tensor => hidden.to(scoreType(dtype)).mul_(HIDDEN);

/** The softmax over the last dimension of `scores`, which are used up, plus `bias`. */
export function probabilitiesOf(scores: Tensor, bias: Tensor): Tensor {
  const { dtype } = scores;
  const exact = scores.to(scoreType(dtype));
  const biased = exact.add_(bias);
  const probabilities = biased.softmax(-1);
  dispose([scores, exact, biased]); // as large as what is returned, and not needed for gradients
  return probabilities.to(dtype);
}

/** int64 [batch, time] of what counts; [1, time] of ones where nothing is padding. */
export const countingTokens = (attentionMask: Tensor | undefined, time: number, device: string): Tensor =>
  attentionMask ? attentionMask.ne(0).to('int64') : ones([1, time], { dtype: 'int64', device });
