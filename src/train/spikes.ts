/**
 * Updates that are left out because their gradient, or the loss, is far above what it was lately, as large models were trained
 * past spikes of the loss (PaLM, Chowdhery et al. 2022, 5.1, went back and left the batches out). What is usual is an
 * exponential mean; a value that is left out counts in it as the limit that it was over, so that a lasting change
 * is no spike for long.
 */
import { z } from 'zod';

export const spikeOptions = z.strictObject({
  /** What is watched: the joint norm of the gradients before clipping, or the loss. */
  of: z.enum(['gradNorm', 'loss']).default('gradNorm'),
  /** A spike is over this many times the mean. */
  factor: z.number().gt(1).default(4),
  /** Decay of the mean from one update to the next. */
  decay: z.number().gt(0).lt(1).default(0.98),
  /** Updates before anything is left out. */
  after: z.int().min(1).default(100),
});

/** Which updates are left out as spikes. */
export type SpikeOptions = z.output<typeof spikeOptions>;

/** What must be kept to go on. */
export interface SpikeState {
  /** Σ decay^age · value */
  sum: number;
  /** Σ decay^age */
  weight: number;
  updates: number;
}

export const noSpikes = (): SpikeState => ({ sum: 0, weight: 0, updates: 0 });

/** Whether the value of an update is a spike; notes it in `state`. */
export function isSpike(value: number, { factor, decay, after }: SpikeOptions, state: SpikeState): boolean {
  const limit = state.updates < after ? Number.POSITIVE_INFINITY : (factor * state.sum) / state.weight;
  state.sum = decay * state.sum + Math.min(value, limit);
  state.weight = decay * state.weight + 1;
  state.updates++;
  return value > limit;
}
