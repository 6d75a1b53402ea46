import { hasFastBfloat16 } from '../torch/cpu.ts';
import type { DType } from '../torch/index.ts';
import type { Recipe } from './recipe.ts';

/** The element type of matrix products that a recipe's `precision` means on this machine. */
export function computeDtype({ precision, device }: Recipe['train']): DType {
  if (precision === 'float32') return 'float32';
  if (precision === 'bf16') return 'bfloat16';
  return device !== 'cpu' || hasFastBfloat16() ? 'bfloat16' : 'float32';
}
