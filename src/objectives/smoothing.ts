import type { Tensor } from '../torch/index.ts';

/**
 * How far scores are from saying that all classes are equally likely: the mean of −log p over places and classes.
 *
 * @param scores [n, classes]
 */
export function smoothingLoss(scores: Tensor): Tensor {
  const wide = scores.to('float32');
  return wide
    .logsumexp([-1])
    .sub(wide.mean([-1]))
    .mean();
}
