/** Linear maps. */
import { castInput, castWeight } from '../torch/autocast.ts';
import { empty, type Tensor } from '../torch/index.ts';
import { linear } from '../torch/kernels.ts';
import { isFused, linearProduct, type PackedLinearOptions } from '../torch/products.ts';
import type { LayerAdapter } from './layer-adapter.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';
import { bytesOfNf4, dequantizeNf4, disposeNf4, type Nf4Weight, nf4Linear, quantizeNf4 } from './weights/nf4.ts';
import { type PackedForm, type PackedWeight, packedWeight } from './weights/packed.ts';

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
  #packed: { weight: Parameter; data: PackedWeight } | undefined;
  #quantized: { weight: Parameter; data: Nf4Weight } | undefined;

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
    if (this.isQuantized) return nf4Linear(input, this.#quantized!.data, { bias: this.bias, residual });
    if (isFused(input, [this.weight, this.bias]))
      return linearProduct(input, this.weight, { bias: this.bias, residual });
    // A frozen weight may be kept in 16 bits where the input is not.
    const y = linear(input, castWeight(this.weight).to(input.dtype), castWeight(this.bias));
    return residual ? residual.add(y) : y;
  }

  /** Lays the weight out for products alone (`packForInference`): it keeps its shape and gives up its memory. */
  pack(form: PackedForm = 'bfloat16'): void {
    const { shape, dtype } = this.weight;
    this.#packed = { weight: this.weight, data: packedWeight(this.weight, form) };
    this.weight.replace(empty(shape, { dtype, device: 'meta' }));
  }

  /** Whether the weight in use, which an adapter may have put in place of the layer's own, is packed. */
  get isPacked(): boolean {
    return this.#packed?.weight === this.weight;
  }

  /** What a product reads of the weight. */
  get weightBytes(): number {
    return this.isPacked ? this.#packed!.data.bytes : this.weight.nbytes;
  }

  /** [..., in] → [..., out], of a packed layer, with what follows the product in the same pass. */
  forwardPacked(x: Tensor, options: Omit<PackedLinearOptions, 'bias'> = {}): Tensor {
    return this.#packed!.data.product(x, { ...options, bias: this.bias });
  }

  /**
   * Keeps the weight in four bits (`weights/nf4.ts`) and gives up the other: it keeps its shape and will not be trained.
   *
   * @returns the bytes that it takes now
   */
  quantize(): number {
    const { shape, dtype } = this.weight;
    this.#quantized = { weight: this.weight, data: quantizeNf4(this.weight) };
    this.weight.requiresGrad = false;
    this.weight.replace(empty(shape, { dtype, device: 'meta' }));
    return bytesOfNf4(this.#quantized.data);
  }

  /** Makes the weight floats again, as they are in products. */
  dequantize(): void {
    if (!this.isQuantized) return;
    const { data } = this.#quantized!;
    this.weight.replace(dequantizeNf4(data).to(this.weight.dtype));
    disposeNf4(data);
    this.#quantized = undefined;
  }

  /** Whether the weight in use is kept in four bits. */
  get isQuantized(): boolean {
    return this.#quantized?.weight === this.weight;
  }

  override dispose(): void {
    super.dispose();
    this.#packed?.data.dispose();
    if (this.#quantized) disposeNf4(this.#quantized.data);
  }
}
