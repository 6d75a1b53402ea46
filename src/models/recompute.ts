/** Gradient checkpointing of a whole model, block by block (Chen et al. 2016, arXiv:1604.06174). */
import type { Module } from '../nn/index.ts';
import { TwoStream } from './families/xlnet/two-stream.ts';
import { Stack } from './stack.ts';

/**
 * While training, keep only what goes into each block and compute the rest again in the backward pass: a third more
 * time, and memory for one block's activations instead of all.
 */
export function recomputeBlocks(model: Module, mode = true): void {
  for (const [, part] of model.namedModules()) {
    if (part instanceof Stack || part instanceof TwoStream) part.recompute = mode;
  }
}
