import type { DType, Tensor } from '../torch/index.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';

/** Root mean square normalisation over the last dimension (Zhang & Sennrich 2019). */
export class RMSNorm extends Module {
  /** [dim] */
  readonly weight: Parameter;
  readonly eps: number;
  /** The weight is stored less one (Gemma): zero means unchanged. */
  readonly offset: boolean;

  constructor(dim: number, { eps = 1e-6, offset = false }: { eps?: number; offset?: boolean } = {}) {
    super();
    this.weight = emptyParameter([dim]);
    this.eps = eps;
    this.offset = offset;
  }

  /**
   * [..., dim] → [..., dim], computed in float32
   *
   * @param dtype of the result; default that of `x`
   */
  forward(x: Tensor, dtype: DType = x.dtype): Tensor {
    const wide = x.dtype === 'float64' ? x : x.to('float32');
    const normed = wide.mul(wide.square().mean([-1], { keepdim: true }).add(this.eps).rsqrt());
    // Llama rounds before it scales, Gemma after.
    return this.offset
      ? normed.mul(this.weight.to(wide.dtype).add(1)).to(dtype)
      : normed.to(x.dtype).mul(this.weight).to(dtype);
  }
}
