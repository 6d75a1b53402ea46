import { castInput, castWeight } from '../torch/autocast.ts';
import { empty, keep, type Tensor } from '../torch/index.ts';
import { linear } from '../torch/kernels.ts';
import { isFused, linearProduct, type PackedLinearOptions, packedLinear, packWeight } from '../torch/products.ts';
import type { LayerAdapter } from './layer-adapter.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';

/** y = x Wᵀ + b. In mixed precision the product runs in 16 bits and its result stays so. */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [out, in] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter | undefined;
  /** How the result is made while an adapter is in use (`withAdapter`). */
  adapter: LayerAdapter | undefined;
  #packed: { weight: Parameter; data: Tensor } | undefined;

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
    if (!this.adapter) return this.own(x, residual);
    return this.adapter.forward(castInput(x), this, residual); // cast once for all products
  }

  /** The same without the adapter in use. */
  own(x: Tensor, residual?: Tensor): Tensor {
    if (this.isPacked) return this.forwardPacked(x, { residual });
    const input = castInput(x);
    if (isFused(input, [this.weight, this.bias]))
      return linearProduct(input, this.weight, { bias: this.bias, residual });
    const y = linear(input, castWeight(this.weight), castWeight(this.bias));
    return residual ? residual.add(y) : y;
  }

  /** Lays the weight out for products alone (`packForInference`): it keeps its shape and gives up its memory. */
  pack(): void {
    const { shape, dtype } = this.weight;
    this.#packed = { weight: this.weight, data: keep(packWeight(this.weight)) };
    this.weight.replace(empty(shape, { dtype, device: 'meta' }));
  }

  /** Whether the weight in use, which an adapter may have put in place of the layer's own, is packed. */
  get isPacked(): boolean {
    return this.#packed?.weight === this.weight;
  }

  /** [..., in] → [..., out], of a packed layer, with what follows the product in the same pass. */
  forwardPacked(x: Tensor, options: Omit<PackedLinearOptions, 'bias'> = {}): Tensor {
    return packedLinear(x.to('bfloat16'), this.#packed!.data, this.outFeatures, { ...options, bias: this.bias });
  }

  override dispose(): void {
    super.dispose();
    this.#packed?.data.dispose();
  }
}
