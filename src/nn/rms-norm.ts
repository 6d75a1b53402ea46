/** RMS normalization. */
import type { DType, Tensor } from '../torch/index.ts';
import { rmsNorm, rmsNormResidual } from '../torch/kernels.ts';
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
    return rmsNorm(x, this.weight, { eps: this.eps, offset: this.offset, dtype });
  }

  /** `x` for a residual connection, and its norm: the backward pass adds the gradients of the two as it goes. */
  forwardResidual(x: Tensor, dtype: DType = x.dtype): [Tensor, Tensor] {
    return rmsNormResidual(x, this.weight, { eps: this.eps, offset: this.offset, dtype });
  }
}
