/** How fast this machine multiplies matrices: the ceiling that everything else is measured against. */

import { inferenceMode } from '../torch/autograd.ts';
import type { DType } from '../torch/dtype.ts';
import { fastestRun } from '../torch/fastest-run.ts';
import { processorTier } from '../torch/native.ts';
import { randn } from '../torch/ops.ts';
import { hasProducts, linearProduct } from '../torch/products.ts';
import { scope } from '../torch/scope.ts';
import type { Device } from '../torch/tensor.ts';

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

/** How a product may be made on a CPU. */
interface Way {
  dtype: DType;
  /** By the products of `torch/products.ts` in place of libtorch's. */
  isOurs: boolean;
}

/**
 * Every way that may be the fastest: in bfloat16 ours, libtorch's where the processor has instructions for it (without them one product
 * takes minutes), and floats, which are faster than those instructions on some processors.
 */
function waysOf(dtype: DType, device: Device): Way[] {
  const asItIs = { dtype, isOurs: false };
  if (dtype !== 'bfloat16' || device !== 'cpu') return [asItIs];
  const hasInstructions = ['amx', 'avx512_bf16'].includes(processorTier());
  const others: Way[] = [
    { dtype: 'float32', isOurs: false },
    { dtype, isOurs: true },
  ];
  return [...(hasInstructions ? [asItIs] : []), ...others].filter(({ isOurs }) => !isOurs || hasProducts());
}

/**
 * Seconds for one product [m, k] · [k, n], the fastest of several, and of the ways there are to make it.
 *
 * @param options.seconds how long to measure; default 0.2
 */
export function productSeconds(
  { batch = 1, m, k, n, transposed = false }: ProductShape,
  { dtype, device = 'cpu', seconds }: { dtype: DType; device?: Device; seconds?: number },
): number {
  const timed = ({ dtype, isOurs }: Way): number =>
    scope(() =>
      inferenceMode(() => {
        const lead = batch > 1 ? [batch] : [];
        const a = randn([...lead, m, k], { device }).to(dtype);
        const b = randn([...lead, ...(transposed || isOurs ? [n, k] : [k, n])], { device }).to(dtype);
        if (isOurs) return fastestRun(() => linearProduct(a, b), { device, seconds });
        const factor = transposed ? b.transpose(-1, -2) : b;
        return fastestRun(() => a.matmul(factor), { device, seconds });
      }),
    );
  // Ours are linear maps: no batches of products.
  const ways = waysOf(dtype, device).filter(({ isOurs }) => !isOurs || batch === 1);
  return Math.min(...ways.map(timed));
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

/** What some products cost when nothing else is done. */
export function productsAlone(
  products: readonly Products[],
  options: { dtype: DType; device?: Device },
): { flops: number; seconds: number } {
  let [flops, seconds] = [0, 0];
  for (const { shape, count } of products) {
    flops += productFlops(shape) * count;
    seconds += productSeconds(shape, options) * count;
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
