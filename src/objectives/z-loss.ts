/**
 * z-loss (PaLM, Chowdhery et al. 2022, arXiv:2204.02311, 5): the mean of log² Z, where Z is the softmax's sum. With a small weight,
 * PaLM's is 1e-4, it keeps scores from drifting together, which no probability shows and which costs digits in 16 bits.
 */
import { z } from 'zod';
import type { Tensor } from '../torch/index.ts';

/** What objectives of words take for it. */
export const zLossKeys = {
  /** Its weight beside the loss of words: a term of its own, and all scores of a batch in memory. 0: none. */
  zLoss: z.number().min(0).default(0),
};

/** log² Z of each place, [..., classes] → float32 [...]. */
export const squaredLogZ = (scores: Tensor): Tensor => scores.to('float32').logsumexp([-1]).square();
