/**
 * Weights in eight bits: of each 32 elements of a row the largest, and of each element the nearest of 255 levels, as llama.cpp's q8_0
 * does. Inputs are rounded in the same way as they come, row by row (Dettmers et al. 2022, arXiv:2208.07339, 2.1), so that products
 * are of whole numbers, and a row has the same bits alone and in any batch (`native/kernels/int8.cc`).
 */
import { call } from '../../torch/call.ts';
import { keep, scope, type Tensor } from '../../torch/index.ts';
import { operator } from '../../torch/operator.ts';
import type { PackedLinearOptions } from '../../torch/products.ts';

const $pack = operator('tslm::int8_pack');
const $unpack = operator('tslm::int8_unpack');
const $linear = operator('tslm::int8_linear');

export interface Int8Weight {
  readonly shape: readonly [out: number, width: number];
  /** uint8 [⌈out / 32⌉, ⌈width / 32⌉, 1088]: 32 × 32 elements and 32 scales in bfloat16 each, in the order in which products read them */
  readonly data: Tensor;
}

/** @param weight [out, width], on the CPU; what is returned belongs to the caller, who disposes of its data */
export function quantizeInt8(weight: Tensor): Int8Weight {
  const [out, width] = weight.shape;
  return scope(() => {
    const own = weight.detach();
    const given = own.dtype === 'bfloat16' ? own : own.to('float32');
    return { shape: [out, width], data: keep(call($pack, [given]) as Tensor) };
  });
}

/** float32 [out, width] */
export const dequantizeInt8 = ({ data, shape }: Int8Weight): Tensor => call($unpack, [data, ...shape]) as Tensor;

/**
 * x Wᵀ + b and what follows, forward only: [..., width] → [..., out], in the element type of x, float32 with a residual.
 *
 * @param x float32 or bfloat16; others become float32
 */
export function int8Linear(
  x: Tensor,
  { data, shape }: Int8Weight,
  { bias, residual, gate, activation }: PackedLinearOptions = {},
): Tensor {
  const input = x.dtype === 'bfloat16' ? x : x.to('float32');
  const dtype = residual ? 'float32' : input.dtype;
  return call($linear, [input, data, shape[0], bias, residual, gate, activation, dtype]) as Tensor;
}
