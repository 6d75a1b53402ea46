/**
 * Weights in four bits (QLoRA, Dettmers et al. 2023, arXiv:2305.14314): of each 64 elements the largest, and of each element the
 * nearest of 16 levels that halve a normal distribution evenly (NF4); the largest in eight bits, too (double quantisation). Codes
 * and scales are those of bitsandbytes. Products forward and backward make panels of floats and never the whole matrix
 * (`native/kernels/nf4.cc`).
 */
import { call } from '../../torch/call.ts';
import { dispose, keep, linspace, scope, type Tensor, tensor } from '../../torch/index.ts';
import { operator } from '../../torch/operator.ts';

const $quantize = operator('tslm::nf4_quantize');
const $quantizeBlocks = operator('tslm::quantize_blocks');
const $dequantize = operator('tslm::nf4_dequantize');
const $linear = operator('tslm::nf4_linear');

export interface Nf4Weight {
  readonly shape: readonly [out: number, width: number];
  /** uint8 [⌈out · width / 2⌉]: two elements each */
  readonly codes: Tensor;
  /** uint8 [⌈out · width / 64⌉]: places in `map` */
  readonly scales: Tensor;
  /** float32 [256] */
  readonly map: Tensor;
  /** float32 [⌈scales / 256⌉] */
  readonly outer: Tensor;
  /** Mean of the scales. */
  readonly offset: number;
}

/** @param weight [out, width]; what is returned belongs to the caller (`disposeNf4`) */
export function quantizeNf4(weight: Tensor): Nf4Weight {
  return scope(() => {
    const [codes, largest] = call($quantize, [weight.detach().to('float32').contiguous()]) as [Tensor, Tensor];
    const offset = largest.mean().item();
    const map = dynamicMap();
    const [scales, outer] = call($quantizeBlocks, [largest.sub(offset), map]) as [Tensor, Tensor];
    const [out, width] = weight.shape;
    return { shape: [out, width], offset, ...keep({ codes, scales, map, outer }) };
  });
}

/** float32 [out, width] */
export const dequantizeNf4 = ({ codes, scales, map, outer, offset, shape }: Nf4Weight): Tensor =>
  call($dequantize, [codes, scales, map, outer, offset, ...shape]) as Tensor;

export interface Nf4LinearOptions {
  /** [out] */
  bias?: Tensor;
  /** float32, of the result's shape: added; the result is float32 then. */
  residual?: Tensor;
}

/** x Wᵀ + b (+ residual), [..., width] → [..., out], in the element type of x. */
export function nf4Linear(x: Tensor, weight: Nf4Weight, { bias, residual }: Nf4LinearOptions = {}): Tensor {
  const { codes, scales, map, outer, offset, shape } = weight;
  const dtype = residual ? 'float32' : x.dtype;
  return call($linear, [x, codes, scales, map, outer, offset, shape[0], bias, residual, dtype]) as Tensor;
}

/** Bytes that it takes in memory. */
export const bytesOfNf4 = ({ codes, scales, map, outer }: Nf4Weight): number =>
  codes.numel + scales.numel + 4 * (map.numel + outer.numel);

export const disposeNf4 = ({ codes, scales, map, outer }: Nf4Weight): void => dispose([codes, scales, map, outer]);

/**
 * The 256 values of a dynamic tree in eight bits (Dettmers 2016, arXiv:1511.04561): seven powers of ten, each with twice as many
 * means between tenths as the one before, with both signs, and 0 and 1.
 */
export function dynamicMap(): Tensor {
  const values = [0, 1];
  for (let i = 0; i < 7; i++) {
    const borders = scope(() => linspace(0.1, 1, 2 ** i + 1, { dtype: 'float32' }).toNumbers());
    for (let j = 0; j + 1 < borders.length; j++) {
      const mean = Math.fround(10 ** (i - 6) * Math.fround((borders[j] + borders[j + 1]) / 2));
      values.push(mean, -mean);
    }
  }
  return tensor(
    values.sort((a, b) => a - b),
    { dtype: 'float32' },
  );
}
