/** How fast this machine multiplies matrices: the ceiling that everything else is measured against. */

import { inferenceMode } from '../torch/autograd.ts';
import type { DType } from '../torch/dtype.ts';
import { fastestRun } from '../torch/fastest-run.ts';
import { processorTier } from '../torch/native.ts';
import { randn } from '../torch/ops.ts';
import { hasProducts, linearProduct } from '../torch/products.ts';
import { scope } from '../torch/scope.ts';
import type { Device, Tensor } from '../torch/tensor.ts';

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
 * Seconds for one product [m, k] · [k, n], the fastest of several: by libtorch, and in bfloat16 on the CPU by our own, which make no
 * batches of products. Libtorch's in bfloat16 count only where the processor has instructions for them: without, one takes minutes.
 *
 * @param options.seconds how long to measure; default 0.2
 * @returns infinite where nothing makes it
 */
export function productSeconds(
  { batch = 1, m, k, n, transposed = false }: ProductShape,
  { dtype, device = 'cpu', seconds }: { dtype: DType; device?: Device; seconds?: number },
): number {
  const isOurs = dtype === 'bfloat16' && device === 'cpu' && hasProducts();
  const isLibtorchs = !isOurs || ['amx', 'avx512_bf16'].includes(processorTier());
  return scope(() =>
    inferenceMode(() => {
      const lead = batch > 1 ? [batch] : [];
      const a = randn([...lead, m, k], { device }).to(dtype);
      const timed = (shape: number[], product: (b: Tensor) => Tensor): number => {
        const b = randn([...lead, ...shape], { device }).to(dtype);
        return fastestRun(() => product(b), { device, seconds });
      };
      return Math.min(
        isOurs && batch === 1 ? timed([n, k], b => linearProduct(a, b)) : Number.POSITIVE_INFINITY,
        isLibtorchs
          ? timed(transposed ? [n, k] : [k, n], b => a.matmul(transposed ? b.transpose(-1, -2) : b))
          : Number.POSITIVE_INFINITY,
      );
    }),
  );
}

/** Products of a kind, and how many of them there are. */
export interface Products {
  shape: ProductShape;
  count: number;
}

/** The same with each kind named once. */
export function countProducts(shapes: Iterable<ProductShape>): Products[] {
  const counts = new Map<string, Products>();
  for (const shape of shapes) {
    const key = JSON.stringify(shape);
    counts.set(key, { shape, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()];
}

/** What some products cost when nothing else is done; those of bfloat16 in float32 where that is faster, those of int8 in the faster of the two. */
export function productsAlone(
  products: readonly Products[],
  options: { dtype: DType; device?: Device },
): { flops: number; seconds: number } {
  let [flops, seconds] = [0, 0];
  for (const { shape, count } of products) {
    flops += productFlops(shape) * count;
    const isSmall = options.dtype === 'bfloat16' || options.dtype === 'int8';
    const dtypes: DType[] = isSmall ? ['bfloat16', 'float32'] : [options.dtype];
    seconds += Math.min(...dtypes.map(dtype => productSeconds(shape, { ...options, dtype }))) * count;
  }
  return { flops, seconds };
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
