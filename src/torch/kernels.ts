/**
 * The fused operators: each does in one pass over memory what libtorch's operators do in several. They are compiled for
 * the CPU, float32 and bfloat16 (`native/kernels/`, one file each, with the formulas); elsewhere the composition in
 * `reference` computes the same, and the tests compare the two. What libtorch has fused for GPUs is in `gpu.ts`.
 */
import { isGradEnabled } from './autograd.ts';
import { call } from './call.ts';
import type { DType } from './dtype.ts';
import { fusedAdamW, isOnGpu } from './gpu.ts';
import { operator } from './operator.ts';
import {
  _foreachAdd_,
  _foreachAddcdiv_,
  _foreachAddcmul_,
  _foreachAddScalar_,
  _foreachMul_,
  _foreachNorm,
  _foreachSqrt,
  arange,
  cat,
  crossEntropyLoss,
  dropout as nativeDropout,
  embedding as nativeEmbedding,
  layerNorm as nativeLayerNorm,
  linear as nativeLinear,
  stack,
  zeros,
} from './ops.ts';
import { scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

const $gelu = operator('tslm::gelu_tanh');
const $dropout = operator('tslm::dropout');
const $crossEntropy = operator('tslm::cross_entropy');
const $causalSoftmax = operator('tslm::causal_softmax');
const $layerNorm = operator('tslm::layer_norm');
const $layerNormResidual = operator('tslm::layer_norm_residual');
const $rmsNorm = operator('tslm::rms_norm');
const $rmsNormResidual = operator('tslm::rms_norm_residual');
const $rotate = operator('tslm::rotate');
const $embedding = operator('tslm::embedding');
const $fewRowsLinear = operator('tslm::few_rows_linear');
const $adamW = operator('tslm::adamw_');
const $gradNorm = operator('tslm::grad_norm');

const isFused = (dtype: DType): boolean => dtype === 'float32' || dtype === 'bfloat16';
const fused = ({ device, dtype }: Tensor): boolean => device === 'cpu' && isFused(dtype);
const isFloat32OnCpu = ({ device, dtype }: Tensor): boolean => device === 'cpu' && dtype === 'float32';

/** `at::Reduction` */
export const reductions = { mean: 1, sum: 2 } as const;

export interface CrossEntropyOptions {
  /** Rows with this target do not count. Default −100. */
  ignoreIndex?: number;
  /** Over the rows that count. Default `mean`. */
  reduction?: keyof typeof reductions;
}

export interface AdamWUpdate {
  parameters: readonly Tensor[];
  gradients: readonly Tensor[];
  /** Running means of the gradients and of their squares. */
  means: readonly Tensor[];
  squares: readonly Tensor[];
  /** For each parameter. */
  weightDecay: readonly number[];
  lr: number;
  betas: readonly [number, number];
  eps: number;
  /** 1 at the first update. */
  step: number;
  /** The gradients are multiplied by it first. */
  gradScale: number;
}

/** GELU by its tanh approximation. */
export const geluTanh = (x: Tensor): Tensor => (fused(x) ? (call($gelu, [x]) as Tensor) : reference.geluTanh(x));

/**
 * Elements zeroed with probability `p`, the others scaled by 1 / (1 − p). The mask follows from one draw of the generator and
 * takes no memory; elsewhere than on the CPU it is libtorch's own.
 */
export const dropout = (x: Tensor, p: number): Tensor =>
  fused(x) ? (call($dropout, [x, p]) as Tensor) : nativeDropout(x, p, true);

/**
 * Cross-entropy, a float32 scalar; the gradient has the logits' element type.
 *
 * @param logits [rows, classes]
 * @param targets int64 [rows]
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  if (!fused(logits)) return reference.crossEntropy(logits, targets, options);
  const { ignoreIndex = -100, reduction = 'mean' } = options;
  return call($crossEntropy, [logits, targets, ignoreIndex, reductions[reduction]]) as Tensor;
}

/**
 * The softmax of scaled attention scores over the keys that each query may see: those up to its own position, where
 * the queries are the last of the keys' positions.
 *
 * @param scores [..., queries, keys]
 * @param documentStarts int64 [batch, keys]: where the document of each position begins, when several lie one after
 *   another: a query sees keys of its own alone. The scores are [batch, ..., queries, keys] then.
 */
export const causalSoftmax = (scores: Tensor, scale: number, documentStarts?: Tensor): Tensor =>
  fused(scores)
    ? (call($causalSoftmax, [scores, scale, documentStarts]) as Tensor)
    : reference.causalSoftmax(scores, scale, documentStarts);

const normFused = (dtype: DType, ...tensors: Tensor[]): boolean => isFused(dtype) && tensors.every(fused);

/** What the fused operators add where a layer norm has no bias. */
const noBias = ({ shape, dtype, device }: Tensor): Tensor => zeros(shape, { dtype, device });

/**
 * Layer normalisation over the last dimension.
 *
 * @param bias undefined: there is none
 * @param dtype of the result
 */
export const layerNorm = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  eps: number,
  dtype: DType = x.dtype,
): Tensor =>
  normFused(dtype, x, weight, bias ?? weight)
    ? (call($layerNorm, [x, weight, bias ?? noBias(weight), eps, dtype]) as Tensor)
    : reference.layerNorm(x, weight, bias, eps, dtype);

/**
 * `x` itself for a residual connection, and its layer norm: the gradients of both are added where the norm's is made.
 * Where gradients are recorded, the first may not be changed in place.
 */
export const layerNormResidual = (
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  eps: number,
  dtype: DType = x.dtype,
): [Tensor, Tensor] =>
  normFused(dtype, x, weight, bias ?? weight)
    ? (call($layerNormResidual, [x, weight, bias ?? noBias(weight), eps, dtype]) as [Tensor, Tensor])
    : reference.layerNormResidual(x, weight, bias, eps, dtype);

export interface RMSNormOptions {
  eps: number;
  /** The weight is stored less one, and what it scales is not rounded before (Gemma). */
  offset: boolean;
  /** Of the result; default that of the input. */
  dtype?: DType;
}

/** Root mean square normalisation over the last dimension, computed in float32. */
export function rmsNorm(x: Tensor, weight: Tensor, options: RMSNormOptions): Tensor {
  const { eps, offset, dtype = x.dtype } = options;
  return normFused(dtype, x, weight)
    ? (call($rmsNorm, [x, weight, eps, offset, dtype]) as Tensor)
    : reference.rmsNorm(x, weight, options);
}

/** As `layerNormResidual`. */
export function rmsNormResidual(x: Tensor, weight: Tensor, options: RMSNormOptions): [Tensor, Tensor] {
  const { eps, offset, dtype = x.dtype } = options;
  return normFused(dtype, x, weight)
    ? (call($rmsNormResidual, [x, weight, eps, offset, dtype]) as [Tensor, Tensor])
    : reference.rmsNormResidual(x, weight, options);
}

/**
 * Turns the pairs (i, i + dim/2) of each head by the angles of its position; elements past `dim` stay as they are.
 *
 * @param x [batch, heads, time, headDim]; the result is laid out in the same way
 * @param cos float32 [1 or batch, 1, time, dim]
 * @param sin float32 [1 or batch, 1, time, dim]
 */
export const rotate = (x: Tensor, cos: Tensor, sin: Tensor): Tensor =>
  fused(x) && [cos, sin].every(angles => isFloat32OnCpu(angles) && !angles.requiresGrad)
    ? (call($rotate, [x, cos, sin]) as Tensor)
    : reference.rotate(x, cos, sin);

/**
 * The rows of a table.
 *
 * @param weight [count, dim]
 * @param ids int64 [...]
 * @param paddingIdx looking this row up gives it no gradient
 */
export const embedding = (weight: Tensor, ids: Tensor, paddingIdx = -1): Tensor =>
  fused(weight) && ids.device === 'cpu' && ids.dtype === 'int64'
    ? (call($embedding, [weight, ids, paddingIdx]) as Tensor)
    : reference.embedding(weight, ids, paddingIdx);

/** Rows up to which reading the weights is all the work of a product. */
const FEW_ROWS = 8;

/**
 * x Wᵀ + b. A few rows of float32, as decoding has them, go through a kernel that reads W once; it has no gradients.
 *
 * @param x [..., in]
 * @param weight [out, in]
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const isFew = x.numel <= FEW_ROWS * weight.shape[1] && x.numel > 0 && weight.isContiguous;
  const isPlain = [x, weight, ...(bias ? [bias] : [])].every(isFloat32OnCpu);
  return isFew && isPlain && !isGradEnabled()
    ? (call($fewRowsLinear, [x, weight, bias]) as Tensor)
    : reference.linear(x, weight, bias);
}

/** One update of AdamW, in place. Use it inside `noGrad`. */
export function adamWUpdate(update: AdamWUpdate): void {
  const { parameters, gradients, means, squares, weightDecay, lr, betas, eps, step, gradScale } = update;
  const all = [...parameters, ...gradients];
  if (all.every(isFloat32OnCpu)) {
    call($adamW, [parameters, gradients, means, squares, weightDecay, lr, ...betas, eps, step, gradScale]);
  } else if (all.every(tensor => tensor.dtype === 'float32' && isOnGpu(tensor))) fusedAdamW(update);
  else reference.adamWUpdate(update);
}

/** The joint Euclidean norm of all gradients, a scalar. */
export const gradNorm = (gradients: readonly Tensor[]): Tensor =>
  gradients.every(isFloat32OnCpu) ? (call($gradNorm, [gradients]) as Tensor) : reference.gradNorm(gradients);

/** The same by libtorch's own operators, for any device and element type. */
export const reference = {
  linear: (x: Tensor, weight: Tensor, bias?: Tensor): Tensor => nativeLinear(x, weight, { bias }),

  geluTanh: (x: Tensor): Tensor => x.gelu({ approximate: 'tanh' }),

  crossEntropy: (
    logits: Tensor,
    targets: Tensor,
    { ignoreIndex = -100, reduction = 'mean' }: CrossEntropyOptions = {},
  ): Tensor =>
    crossEntropyLoss(logits.dtype === 'float64' ? logits : logits.to('float32'), targets, {
      ignoreIndex,
      reduction: reductions[reduction],
    }),

  causalSoftmax(scores: Tensor, scale: number, documentStarts?: Tensor): Tensor {
    const [queries, keys] = scores.shape.slice(-2);
    const positions = arange(0, keys, { device: scores.device });
    let hidden = positions.unsqueeze(0).gt(positions.narrow(0, keys - queries, queries).unsqueeze(1));
    if (documentStarts) {
      const own = documentStarts.narrow(1, keys - queries, queries).unsqueeze(2);
      const others = own.gt(positions.view([1, 1, keys])); // [batch, queries, keys]
      const between = Array.from({ length: scores.dim - 3 }, () => 1);
      hidden = hidden.logicalOr(others).view([scores.size(0), ...between, queries, keys]);
    }
    return scores.mul(scale).maskedFill(hidden, Number.NEGATIVE_INFINITY).softmax(-1);
  },

  // On a GPU input and weight must be of one type.
  layerNorm: (x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number, dtype: DType = x.dtype): Tensor =>
    nativeLayerNorm(x.to(weight.dtype), weight.shape, { weight, bias, eps }).to(dtype),

  layerNormResidual: (
    x: Tensor,
    weight: Tensor,
    bias: Tensor | undefined,
    eps: number,
    dtype?: DType,
  ): [Tensor, Tensor] => [x, reference.layerNorm(x, weight, bias, eps, dtype)],

  rmsNorm(x: Tensor, weight: Tensor, { eps, offset, dtype = x.dtype }: RMSNormOptions): Tensor {
    const wide = x.dtype === 'float64' ? x : x.to('float32');
    const normed = wide.mul(wide.square().mean([-1], { keepdim: true }).add(eps).rsqrt());
    // Llama rounds before it scales, Gemma after.
    return offset ? normed.mul(weight.to(wide.dtype).add(1)).to(dtype) : normed.to(x.dtype).mul(weight).to(dtype);
  },

  rmsNormResidual: (x: Tensor, weight: Tensor, options: RMSNormOptions): [Tensor, Tensor] => [
    x,
    reference.rmsNorm(x, weight, options),
  ],

  rotate(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
    const dim = cos.size(-1);
    const headDim = x.size(-1);
    const turning = dim < headDim ? x.narrow(-1, 0, dim) : x;
    const [c, s] = [cos.to(x.dtype), sin.to(x.dtype)];
    const half = dim / 2;
    const turned = cat([turning.narrow(-1, half, half).neg(), turning.narrow(-1, 0, half)], -1);
    const rotated = turning.mul(c).add(turned.mul(s));
    return dim < headDim ? cat([rotated, x.narrow(-1, dim, headDim - dim)], -1) : rotated;
  },

  embedding: (weight: Tensor, ids: Tensor, paddingIdx = -1): Tensor => nativeEmbedding(weight, ids, { paddingIdx }),

  adamWUpdate(update: AdamWUpdate): void {
    const { parameters, means, squares, weightDecay, lr, eps, step, gradScale } = update;
    const [beta1, beta2] = update.betas;
    scope(() => {
      const gradients = gradScale === 1 ? update.gradients : update.gradients.map(g => g.mul(gradScale));
      for (const [i, parameter] of parameters.entries()) {
        if (weightDecay[i] !== 0) parameter.mul_(1 - lr * weightDecay[i]);
      }
      // m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²
      _foreachMul_(means, beta1);
      _foreachAdd_(means, gradients, { alpha: 1 - beta1 });
      _foreachMul_(squares, beta2);
      _foreachAddcmul_(squares, gradients, gradients, { value: 1 - beta2 });
      // p ← p − lr m̂ / (√v̂ + ε), the bias corrections folded into the constants
      const correction = Math.sqrt(1 - beta2 ** step);
      const denominators = _foreachSqrt(squares);
      _foreachAddScalar_(denominators, eps * correction);
      _foreachAddcdiv_(parameters, means, denominators, { value: (-lr * correction) / (1 - beta1 ** step) });
    });
  },

  gradNorm: (gradients: readonly Tensor[]): Tensor => scope(() => stack(_foreachNorm(gradients)).vectorNorm()),
};
