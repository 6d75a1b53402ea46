/** Layer normalization. */
import type { DType, Tensor } from '../torch/index.ts';
import { layerNorm, layerNormResidual } from '../torch/kernels.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';

/** Layer normalisation over the last dimension (Ba et al. 2016). */
export class LayerNorm extends Module {
  /** [dim] */
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly eps: number;

  /** @param options.bias whether there is one; default true */
  constructor(dim: number, { eps = 1e-5, bias = true }: { eps?: number; bias?: boolean } = {}) {
    super();
    this.weight = emptyParameter([dim]);
    this.bias = bias ? emptyParameter([dim]) : undefined;
    this.eps = eps;
  }

  /**
   * [..., dim] → [..., dim]
   *
   * @param dtype of the result; default that of `x`
   */
  forward(x: Tensor, dtype: DType = x.dtype): Tensor {
    return layerNorm(x, this.weight, this.bias, this.eps, dtype);
  }

  /** `x` for a residual connection, and its norm: the backward pass adds the gradients of the two as it goes. */
  forwardResidual(x: Tensor, dtype: DType = x.dtype): [Tensor, Tensor] {
    return layerNormResidual(x, this.weight, this.bias, this.eps, dtype);
  }
}
