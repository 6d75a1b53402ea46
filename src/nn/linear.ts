import { castInput, castWeight } from '../torch/autocast.ts';
import { linear, type Tensor } from '../torch/index.ts';
import { isFused, linearProduct } from '../torch/products.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';

/** y = x Wᵀ + b. In mixed precision the product runs in 16 bits and its result stays so. */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [out, in] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter | undefined;

  constructor(inFeatures: number, outFeatures: number, { bias = true }: { bias?: boolean } = {}) {
    super();
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = emptyParameter([outFeatures, inFeatures]);
    this.bias = bias ? emptyParameter([outFeatures]) : undefined;
  }

  /**
   * [..., in] → [..., out]
   *
   * @param residual float32 [..., out]: added to the result
   */
  forward(x: Tensor, residual?: Tensor): Tensor {
    const input = castInput(x);
    if (isFused(input, [this.weight, this.bias]))
      return linearProduct(input, this.weight, { bias: this.bias, residual });
    const y = linear(input, castWeight(this.weight), { bias: castWeight(this.bias) });
    return residual ? residual.add(y) : y;
  }
}
