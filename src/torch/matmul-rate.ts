/** How fast this machine multiplies matrices: the ceiling that everything else is measured against. */

import { inferenceMode } from './autograd.ts';
import type { DType } from './dtype.ts';
import { native } from './native.ts';
import { randn } from './ops.ts';
import { scope } from './scope.ts';
import type { Device } from './tensor.ts';

export interface ProductShape {
  /** Independent products; default 1. */
  batch?: number;
  m: number;
  k: number;
  n: number;
  /** The second factor is stored transposed, [n, k]. */
  transposed?: boolean;
}

export const productFlops = ({ batch = 1, m, k, n }: ProductShape): number => 2 * batch * m * k * n;

/**
 * Seconds for one product [m, k] · [k, n], the fastest of several.
 *
 * @param options.seconds how long to measure; default 0.2
 */
export function productSeconds(
  { batch = 1, m, k, n, transposed = false }: ProductShape,
  { dtype, device = 'cpu', seconds = 0.2 }: { dtype: DType; device?: Device; seconds?: number },
): number {
  return scope(() =>
    inferenceMode(() => {
      const lead = batch > 1 ? [batch] : [];
      const a = randn([...lead, m, k], { device }).to(dtype);
      const b = randn([...lead, ...(transposed ? [n, k] : [k, n])], { device }).to(dtype);
      const factor = transposed ? b.transpose(-1, -2) : b;
      let best = Number.POSITIVE_INFINITY;
      const end = performance.now() + seconds * 1000;
      for (let run = 0; run < 3 || performance.now() < end; run++) {
        const start = performance.now();
        scope(() => {
          a.matmul(factor); // not returned, so that its memory is there for the next run
        });
        native().synchronize(device);
        best = Math.min(best, (performance.now() - start) / 1000);
      }
      return best;
    }),
  );
}

/** Floating-point operations a second in a large square product. */
export function matmulRate(
  dtype: DType,
  { device = 'cpu', seconds = 0.5 }: { device?: Device; seconds?: number } = {},
): number {
  const size = device === 'cpu' ? 1024 : 8192;
  const shape = { m: size, k: size, n: size };
  return productFlops(shape) / productSeconds(shape, { dtype, device, seconds });
}
