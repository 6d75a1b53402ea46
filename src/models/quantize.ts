/** A model whose linear maps are kept in four bits, to train an adapter over it (QLoRA, Dettmers et al. 2023). */
import { Linear } from '../nn/index.ts';
import { scope } from '../torch/index.ts';
import { placesOf } from './adapters/places.ts';
import type { Model } from './model.ts';

/** Heads that are trained whole beside an adapter. */
const HEADS = ['classifier', 'score'];

/**
 * Puts every linear map but the output layer into four bits.
 *
 * @param options.except ends of names of modules that stay as they are, beside heads of classifiers
 * @returns bytes of these weights before and after
 */
export function quantizeLinears(
  model: Model,
  { except = [] }: { except?: readonly string[] } = {},
): { before: number; after: number } {
  const kept = [...except, ...HEADS];
  const bytes = { before: 0, after: 0 };
  for (const { name, layer, isOutput } of placesOf(model).layers.values()) {
    if (!(layer instanceof Linear) || isOutput || layer.isQuantized) continue;
    if (kept.some(end => name.endsWith(end))) continue;
    bytes.before += layer.weight.numel * (layer.weight.dtype === 'float32' ? 4 : 2);
    bytes.after += scope(() => layer.quantize());
  }
  return bytes;
}

/** Undoes it: the weights are floats again, rounded as they were in four bits. */
export function dequantizeLinears(model: Model): void {
  for (const [, part] of model.namedModules()) if (part instanceof Linear) scope(() => part.dequantize());
}
