/** Losses that heads compute from labels. */
import { mseLoss, type Tensor } from '../torch/index.ts';
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
  const time = logits.size(1);
  return tokenLoss(logits.narrow(1, 0, time - 1), labels.narrow(1, 1, time - 1));
}

/**
 * Mean cross-entropy of logits with labels.
 *
 * @param logits [..., classes]
 * @param labels int64 [...], −100 is ignored
 */
export function tokenLoss(logits: Tensor, labels: Tensor, ignoreIndex = IGNORE_INDEX): Tensor {
  return crossEntropy(logits.reshape([-1, logits.size(-1)]), labels.reshape([-1]), { ignoreIndex });
}

/** Mean squared error. */
export const regressionLoss = (predicted: Tensor, labels: Tensor): Tensor =>
  mseLoss(predicted.squeeze(), labels.to(predicted.dtype).squeeze());
