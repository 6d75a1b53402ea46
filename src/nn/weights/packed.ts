/** Weights of models that are used and not trained, laid out once in the order in which products read them. */
import { keep, type Tensor } from '../../torch/index.ts';
import { type PackedLinearOptions, packedLinear, packWeight } from '../../torch/products.ts';
import { int8Linear, quantizeInt8 } from './int8.ts';

/** What the elements become. */
export type PackedForm = 'bfloat16' | 'int8';

export interface PackedWeight {
  readonly form: PackedForm;
  /** In memory. */
  readonly bytes: number;
  /** x Wᵀ + b with what follows the product in the same pass, [..., in] → [..., out]; forward only. */
  product(x: Tensor, options?: PackedLinearOptions): Tensor;
  dispose(): void;
}

/**
 * @param weight [out, in], on the CPU
 * @param form `bfloat16` where the processor has products for it
 * @returns the caller's, to dispose of
 */
export function packedWeight(weight: Tensor, form: PackedForm): PackedWeight {
  if (form === 'int8') {
    const quantized = quantizeInt8(weight);
    const product = (x: Tensor, options?: PackedLinearOptions): Tensor => int8Linear(x, quantized, options);
    return { form, bytes: quantized.data.nbytes, product, dispose: () => quantized.data.dispose() };
  }
  const [data, out] = [keep(packWeight(weight)), weight.shape[0]];
  const product = (x: Tensor, options?: PackedLinearOptions): Tensor =>
    packedLinear(x.to('bfloat16'), data, out, options);
  return { form, bytes: data.nbytes, product, dispose: () => data.dispose() };
}
