/**
 * Mixed precision in the manner of `torch.autocast` (Micikevicius et al. 2018): inside the region matrix products run
 * in 16 bits, everything sensitive stays in float32. Master weights are cast once a region and gradients flow back
 * through the cast, so they arrive in float32.
 */
import type { DType } from './dtype.ts';
import type { Tensor } from './tensor.ts';

interface Region {
  dtype: DType;
  casts: Map<Tensor, Tensor>;
}

let region: Region | undefined;

/** Runs `body` with matrix products in `dtype`; float32 means none are changed. */
export function autocast<T>(dtype: DType, body: () => T): T {
  const outer = region;
  region = dtype === 'float32' ? undefined : { dtype, casts: new Map() };
  try {
    return body();
  } finally {
    region = outer;
  }
}

/** The element type of matrix products now, or undefined outside every region. */
export const autocastDtype = (): DType | undefined => region?.dtype;

/** An activation as matrix products take it. */
export function castInput(x: Tensor): Tensor {
  return region && x.isFloatingPoint ? x.to(region.dtype) : x;
}

/** A weight as matrix products take it; cast once in a region, however often it is used. */
export function castWeight<W extends Tensor | undefined>(weight: W): W {
  if (!region || !weight || weight.dtype === region.dtype) return weight;
  let cast = region.casts.get(weight);
  // A scope inside the region may have freed it.
  if (!cast || cast.handle < 0) {
    cast = weight.to(region.dtype);
    region.casts.set(weight, cast);
  }
  return cast as W;
}
