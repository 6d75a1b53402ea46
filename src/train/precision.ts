/** The element type of a training's matrix products. */
import { fasterDtype } from '../torch/faster-dtype.ts';
import type { Device, DType } from '../torch/index.ts';

export type Precision = 'auto' | 'bf16' | 'float32';

/** The element type of matrix products that a precision means on this machine: `auto` takes the faster one. */
export function computeDtype({ precision, device }: { precision: Precision; device: Device }): DType {
  if (precision === 'float32') return 'float32';
  if (precision === 'bf16') return 'bfloat16';
  return device !== 'cpu' ? 'bfloat16' : fasterDtype();
}
