/** How far scores are from saying that all classes are equally likely (label smoothing, Szegedy et al. 2016, 7). */
import type { Tensor } from '../torch/index.ts';

/** The mean of −log p over classes, [..., classes] → float32 [...]. */
export function unlikelihood(scores: Tensor): Tensor {
  const wide = scores.to('float32');
  return wide.logsumexp([-1]).sub(wide.mean([-1]));
}

/** Its mean over all places. */
export const smoothingLoss = (scores: Tensor): Tensor => unlikelihood(scores).mean();
