import type { Tensor } from '../torch/index.ts';
import { crossEntropy } from '../torch/kernels.ts';

/** Labels with this value do not count. */
export const IGNORE_INDEX = -100;

/**
 * Mean cross-entropy of each position's logits with the next position's label.
 *
 * @param logits [batch, time, vocab]
 * @param labels int64 [batch, time], −100 is ignored
 */
export function causalLoss(logits: Tensor, labels: Tensor): Tensor {
  const [, time, vocab] = logits.shape;
  const predicted = logits.narrow(1, 0, time - 1).reshape([-1, vocab]);
  return crossEntropy(predicted, labels.narrow(1, 1, time - 1).reshape([-1]), { ignoreIndex: IGNORE_INDEX });
}
