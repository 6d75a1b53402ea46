/** Weights that an adapter leaves as they are, in half of the memory. */
import type { Model } from '../models/model.ts';
import { Linear } from '../nn/index.ts';
import { type DType, noGrad, scope } from '../torch/index.ts';

/**
 * Puts the weights of linear maps that are not trained into the element type of the products. Each product rounds them to it
 * anyway, so results are the same to the bit; biases, norms and word vectors, which sums read, stay in float32.
 */
export function roundFrozenLinears(model: Model, dtype: DType): void {
  if (dtype === 'float32') return;
  for (const [, layer] of model.namedModules()) {
    if (!(layer instanceof Linear) || layer.isQuantized || layer.isPacked) continue;
    const { weight } = layer;
    if (weight.requiresGrad || weight.dtype !== 'float32') continue;
    scope(() => noGrad(() => weight.replace(weight.detach().to(dtype))));
  }
}
