/**
 * The loss of labels with smoothing (Szegedy et al. 2016, 7): (1 − ε) of it says which label is right, ε that none is
 * impossible. The two are terms of their own, so that the first stays what it is.
 */
import { z } from 'zod';
import { tokenLoss } from '../models/losses.ts';
import { isGradEnabled, type Tensor } from '../torch/index.ts';
import { shareRight } from './batches.ts';
import type { Counts, Means } from './objective.ts';
import { smoothingLoss } from './smoothing.ts';

export const labelKeys = {
  /** ε. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
};

export const labelWeights = (labelSmoothing: number): Record<string, number> =>
  labelSmoothing === 0 ? { label: 1 } : { label: 1 - labelSmoothing, smoothing: labelSmoothing };

export const labelCounts = (count: number, labelSmoothing: number): Counts => ({
  label: count,
  accuracy: count,
  ...(labelSmoothing > 0 && { smoothing: count }),
});

/**
 * @param logits float32 [n, labels]
 * @param labels int64 [n]
 */
export const labelMeans = (logits: Tensor, labels: Tensor, labelSmoothing: number): Means => ({
  label: tokenLoss(logits, labels),
  ...(labelSmoothing > 0 && { smoothing: smoothingLoss(logits) }),
  ...(!isGradEnabled() && { accuracy: shareRight(logits, labels) }),
});
