/**
 * In which element type this processor multiplies faster. Instructions for bfloat16 alone do not say: without AMX some
 * processors have more throughput in float32.
 */
import { inferenceMode } from './autograd.ts';
import type { DType } from './dtype.ts';
import { fastestRun } from './fastest-run.ts';
import { arange } from './ops.ts';
import { hasProducts, linearProduct, reference } from './products.ts';
import { scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

/** A linear map of a small model over a batch: rows, inner and outer dimension. */
const [ROWS, INNER, OUTER] = [2048, 384, 512];

let faster: DType | undefined;

/** `bfloat16` or `float32`, measured once a process in some 50 ms; `float32` where there are no products of ours. */
export function fasterDtype(): DType {
  if (!hasProducts()) return 'float32';
  faster ??= productRate('bfloat16') > productRate('float32') ? 'bfloat16' : 'float32';
  return faster;
}

/** Floating-point operations a second in the linear maps of models, on the CPU. */
export function productRate(dtype: DType): number {
  return scope(() =>
    inferenceMode(() => {
      const x = numbers(ROWS, INNER).to(dtype);
      const weight = numbers(OUTER, INNER);
      const product = dtype === 'bfloat16' && hasProducts() ? linearProduct : reference.linear;
      return (2 * ROWS * INNER * OUTER) / fastestRun(() => product(x, weight), { device: 'cpu', seconds: 0.02 });
    }),
  );
}

/** Not drawn: measuring must not move the random generator of a run. Not zeros, which some processors multiply faster. */
const numbers = (rows: number, columns: number): Tensor =>
  arange(0, rows * columns)
    .remainder(13)
    .sub(6)
    .div(8)
    .to('float32')
    .view([rows, columns]);
