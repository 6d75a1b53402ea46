import { fasterDtype } from '../torch/faster-dtype.ts';
import type { DType } from '../torch/index.ts';
import type { Recipe } from './recipe.ts';

/** The element type of matrix products that a recipe's `precision` means on this machine: `auto` takes the faster one. */
export function computeDtype({ precision, device }: Pick<Recipe['train'], 'precision' | 'device'>): DType {
  if (precision === 'float32') return 'float32';
  if (precision === 'bf16') return 'bfloat16';
  return device !== 'cpu' ? 'bfloat16' : fasterDtype();
}
