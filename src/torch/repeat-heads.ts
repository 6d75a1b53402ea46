/** Heads of keys and values that several heads of queries share (Ainslie et al. 2023), for operators that want one for each. */
import type { Tensor } from './tensor.ts';

/** @param x [batch, kvHeads, time, dim] @returns [batch, heads, time, dim] */
export function repeatHeads(x: Tensor, heads: number): Tensor {
  const shared = heads / x.shape[1];
  return shared === 1 ? x : x.repeatInterleave(shared, 1);
}
