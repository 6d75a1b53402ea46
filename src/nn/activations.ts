/** Activation functions under Hugging Face's names (`ACT2FN`). */
import type { Tensor } from '../torch/index.ts';
import { geluTanh } from '../torch/kernels.ts';

export const activations = {
  /** Exact: x Φ(x) (Hendrycks & Gimpel 2016). */
  gelu: (x: Tensor) => x.gelu(),
  /** The tanh approximation, as GPT-2 was trained with. */
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_fast: geluTanh,
  /** x σ(1.702 x) */
  quick_gelu: (x: Tensor) => x.mul(x.mul(1.702).sigmoid()),
  relu: (x: Tensor) => x.relu(),
  relu2: (x: Tensor) => x.relu().square(),
  silu: (x: Tensor) => x.silu(),
  swish: (x: Tensor) => x.silu(),
  tanh: (x: Tensor) => x.tanh(),
  sigmoid: (x: Tensor) => x.sigmoid(),
  linear: (x: Tensor) => x,
} satisfies Record<string, (x: Tensor) => Tensor>;

export type Activation = keyof typeof activations;
