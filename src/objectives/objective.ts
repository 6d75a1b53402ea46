/**
 * An objective is a pair: how examples become a batch, and how model and batch become a loss. The trainer knows
 * nothing of any objective, and an objective nothing of the trainer.
 */
import type { Model } from '../models/model.ts';
import type { Device, Tensor } from '../torch/index.ts';

/** A stretch of token ids. */
export type Tokens = Uint16Array | Uint32Array;

export interface Objective<Batch> {
  /** Tokens that one example needs, for a model that sees `context` positions. */
  exampleLength(context: number): number;
  batch(examples: readonly Tokens[], device: Device): Batch;
  /** Mean loss over the batch, a scalar that gradients flow from. */
  loss(model: Model, batch: Batch): Tensor;
  /** Predictions that the mean is taken over. */
  count(batch: Batch): number;
}
