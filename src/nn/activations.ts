/** Activation functions under Hugging Face's names (`ACT2FN`). */
import type { Tensor } from '../torch/index.ts';
import { geluTanh } from '../torch/kernels.ts';

/** Activation functions under Transformers' names. */
export const activations = {
  /** Exact: x Φ(x) (Hendrycks & Gimpel 2016). */
  gelu: (x: Tensor) => x.gelu(),
  /** The tanh approximation, as GPT-2 was trained with. */
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_python: (x: Tensor) => x.gelu(),
  gelu_python_tanh: geluTanh,
  /** Between −10 and 10, for quantisation (Wu et al. 2020). */
  gelu_10: (x: Tensor) => x.gelu().clamp({ min: -10, max: 10 }),
  /** x σ(1.702 x) */
  quick_gelu: (x: Tensor) => x.mul(x.mul(1.702).sigmoid()),
  relu: (x: Tensor) => x.relu(),
  relu2: (x: Tensor) => x.relu().square(),
  relu6: (x: Tensor) => x.clamp({ min: 0, max: 6 }),
  leaky_relu: (x: Tensor) => x.clamp({ min: 0 }).add(x.clamp({ max: 0 }).mul(0.01)),
  silu: (x: Tensor) => x.silu(),
  swish: (x: Tensor) => x.silu(),
  /** x tanh(ln(1 + eˣ)) (Misra 2019) */
  mish: (x: Tensor) => x.mul(x.softplus().tanh()),
  /** The distribution function of N(√½, 1/4π), near relu² (Ma et al. 2023). */
  laplace: (x: Tensor) =>
    x
      .sub(Math.SQRT1_2)
      .div(0.282095 * Math.SQRT2)
      .erf()
      .add(1)
      .mul(0.5),
  tanh: (x: Tensor) => x.tanh(),
  sigmoid: (x: Tensor) => x.sigmoid(),
  linear: (x: Tensor) => x,
} satisfies Record<string, (x: Tensor) => Tensor>;

/** The name of an activation function. */
export type Activation = keyof typeof activations;
