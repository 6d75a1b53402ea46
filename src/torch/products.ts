/**
 * The fused operators around matrix products in bfloat16 (`native/kernels/`: `linear.cc`, `feed_forward.cc`,
 * `attention.cc`, `linear_cross_entropy.cc`, `muon.cc`). They take weights in float32 and round them as they read them, so that
 * mixed precision keeps no second copy of a weight. Processors from AVX2 on, and arm64, have them; elsewhere `reference`
 * is the same in libtorch's own operators, and the tests compare the two.
 */
import { call } from './call.ts';
import type { DType } from './dtype.ts';
import { isOnGpu, scaledDotProductAttention } from './gpu.ts';
import { type CrossEntropyOptions, reductions, reference as simple } from './kernels.ts';
import { native } from './native.ts';
import { operator } from './operator.ts';
import { arange, linear as nativeLinear } from './ops.ts';
import { repeatHeads } from './repeat-heads.ts';
import type { Tensor } from './tensor.ts';

const $linear = operator('tslm::linear');
const $feedForward = operator('tslm::feed_forward');
const $gatedFeedForward = operator('tslm::gated_feed_forward');
const $attention = operator('tslm::attention');
const $attentionPacked = operator('tslm::attention_packed');
const $packWeight = operator('tslm::pack_weight');
const $packedLinear = operator('tslm::packed_linear');
const $linearCrossEntropy = operator('tslm::linear_cross_entropy');
const $muon = operator('tslm::muon_');
const $newtonSchulz = operator('tslm::newton_schulz');

let available: boolean | undefined;

/** Whether this processor has them: x86-64 from AVX2 on, arm64; not where `TSLM_ISA` is `none`. */
export function hasProducts(): boolean {
  available ??= native().runtimeInfo().products !== '';
  return available;
}

/** Whether they take this input with these weights. */
export function isFused(input: Tensor, weights: readonly (Tensor | undefined)[] = []): boolean {
  if (input.dtype !== 'bfloat16' || input.device !== 'cpu' || !hasProducts()) return false;
  return weights.every(w => !w || (w.device === 'cpu' && (w.dtype === 'float32' || w.dtype === 'bfloat16')));
}

/** Whether `attentionProduct` takes such queries: ours on the CPU, in float32 too, libtorch's on a GPU. */
export const takesAttention = (query: Tensor): boolean =>
  isOnGpu(query) || (query.dtype === 'float32' && query.device === 'cpu' ? hasProducts() : isFused(query));

export interface LinearProductOptions {
  /** [out] */
  bias?: Tensor;
  /** float32, of the result's shape: added before the result is rounded; the result is float32. */
  residual?: Tensor;
}

/**
 * x Wᵀ + b (+ residual), sums in float32.
 *
 * @param x bfloat16 [..., in]
 * @param weight float32 or bfloat16 [out, in]
 * @returns [..., out], bfloat16, or float32 with a residual
 */
export function linearProduct(x: Tensor, weight: Tensor, { bias, residual }: LinearProductOptions = {}): Tensor {
  return call($linear, [x, weight, bias, residual, residual ? 'float32' : 'bfloat16']) as Tensor;
}

/** Activation functions that a product applies while its result is in the cache. */
export type FusedActivation = 'gelu_tanh' | 'gelu' | 'silu' | 'relu';

/**
 * A weight in the order in which products read it, for models that are used and not trained: nothing is packed again, and
 * a row's result has the same bits whatever else is in its batch.
 *
 * @param weight float32 or bfloat16 [out, in]
 * @returns bfloat16 [⌈out / 32⌉, ⌈in / 32⌉, 1024]
 */
export const packWeight = (weight: Tensor): Tensor => call($packWeight, [weight]) as Tensor;

export interface PackedLinearOptions extends LinearProductOptions {
  /** On the sums; not with a residual. */
  activation?: FusedActivation;
  /** bfloat16, of the result's shape: f(gate) ∘ (x Wᵀ + b), with an activation. */
  gate?: Tensor;
}

/**
 * `linearProduct` with a packed weight, forward only.
 *
 * @param x bfloat16 [..., in]
 * @param packed of a weight [out, in]
 */
export const packedLinear = (
  x: Tensor,
  packed: Tensor,
  out: number,
  { bias, residual, gate, activation }: PackedLinearOptions = {},
): Tensor => {
  const dtype: DType = residual ? 'float32' : 'bfloat16';
  return call($packedLinear, [x, packed, out, bias, residual, gate, activation, dtype]) as Tensor;
};

export interface FeedForwardWeights {
  /** [inside, hidden] */
  input: Tensor;
  inputBias?: Tensor;
  /** [inside, hidden]: without biases only */
  gate?: Tensor;
  /** [hidden, inside] */
  output: Tensor;
  outputBias?: Tensor;
}

/**
 * f(x W₁ᵀ + b₁) W₂ᵀ + b₂ (+ residual), or with a gate (f(x W_gᵀ) ∘ x W₁ᵀ) W₂ᵀ.
 *
 * @param x bfloat16 [..., hidden]
 * @param residual float32, of the result's shape; the result is float32 then
 */
export function feedForward(
  x: Tensor,
  { input, inputBias, gate, output, outputBias }: FeedForwardWeights,
  activation: FusedActivation,
  residual?: Tensor,
): Tensor {
  const dtype: DType = residual ? 'float32' : 'bfloat16';
  return (
    gate
      ? call($gatedFeedForward, [x, gate, input, output, residual, activation, dtype])
      : call($feedForward, [x, input, inputBias, output, outputBias, residual, activation, dtype])
  ) as Tensor;
}

export interface AttentionProductOptions {
  scale: number;
  /** Each query sees the keys up to its own position; the queries are the last of the keys' positions. */
  causal: boolean;
  /** Causal: only the last n of them. */
  window?: number;
  /** Added to the scaled scores, [1 or batch, 1 or heads, 1 or queries, 1 or keys]; it gets no gradient. */
  bias?: Tensor;
  /**
   * int64 [batch, keys]: where the document of each position begins, when several lie one after another; a query sees
   * keys of its own document alone.
   */
  documentStarts?: Tensor;
}

/**
 * softmax(scale q kᵀ + bias) v, without a matrix of all pairs in memory.
 *
 * @param query bfloat16 or float32 [batch, heads, queries, dim]
 * @param key of the same type [batch, kvHeads, keys, dim], `value` the same; heads / kvHeads queries share each
 * @returns [batch, heads, queries, dim], in memory [batch, queries, heads, dim]
 */
export function attentionProduct(query: Tensor, key: Tensor, value: Tensor, options: AttentionProductOptions): Tensor {
  if (isOnGpu(query)) return scaledDotProductAttention(query, key, value, options);
  const { scale, causal, window = 0, bias, documentStarts } = options;
  return call($attention, [query, key, value, bias, scale, causal, window, documentStarts]) as Tensor;
}

export interface PackedHeads {
  heads: number;
  kvHeads: number;
  /** The query, key and value of a head together; else all queries before all keys before all values. */
  byHead: boolean;
}

/**
 * The same of queries, keys and values as one projection gives them.
 *
 * @param qkv bfloat16 or float32 [batch, time, (heads + 2 kvHeads) dim]
 */
export function packedAttentionProduct(qkv: Tensor, packed: PackedHeads, options: AttentionProductOptions): Tensor {
  if (isOnGpu(qkv)) return scaledDotProductAttention(...unpackHeads(qkv, packed), options);
  const { heads, kvHeads, byHead } = packed;
  const { scale, causal, window = 0, bias, documentStarts } = options;
  return call($attentionPacked, [qkv, heads, kvHeads, byHead, bias, scale, causal, window, documentStarts]) as Tensor;
}

/** Views [batch, heads, time, dim], those of keys and values with `kvHeads`. */
function unpackHeads(qkv: Tensor, { heads, kvHeads, byHead }: PackedHeads): [Tensor, Tensor, Tensor] {
  const [batch, time, width] = qkv.shape;
  const dim = width / (heads + 2 * kvHeads);
  if (byHead) {
    return qkv.view([batch, time, heads, 3, dim]).permute([3, 0, 2, 1, 4]).unbind() as [Tensor, Tensor, Tensor];
  }
  const counts = [heads, kvHeads, kvHeads];
  const widths = counts.map(count => count * dim);
  const parts = qkv.splitWithSizes(widths, -1); // gradients are joined where the projection's lie
  return parts.map((part, i) => part.view([batch, time, counts[i], dim]).transpose(1, 2)) as [Tensor, Tensor, Tensor];
}

/**
 * The cross-entropy of x Wᵀ + b with target classes, a float32 scalar, without the logits of all rows in memory. Its
 * gradients can be had once.
 *
 * @param x bfloat16 [rows, dim]
 * @param weight [classes, dim]
 * @param targets int64 [rows]
 */
export const linearCrossEntropy = (
  x: Tensor,
  weight: Tensor,
  targets: Tensor,
  { bias, ignoreIndex = -100, reduction = 'mean' }: CrossEntropyOptions & { bias?: Tensor } = {},
): Tensor => call($linearCrossEntropy, [x, weight, bias, targets, ignoreIndex, reductions[reduction]]) as Tensor;

export interface MuonUpdate {
  /** float32 [rows, columns], contiguous */
  parameters: readonly Tensor[];
  gradients: readonly Tensor[];
  /** The momentum of each. */
  buffers: readonly Tensor[];
  /** The number of independent matrices that the rows of each are made of. */
  counts: readonly number[];
  lr: number;
  momentum: number;
  weightDecay: number;
  /** What gradients are multiplied with first, as by clipping. */
  gradScale: number;
}

/** One step of Muon over a list of matrices, products in bfloat16. */
export function muonUpdate({ parameters, gradients, buffers, counts, ...update }: MuonUpdate): void {
  const { lr, momentum, weightDecay, gradScale } = update;
  call($muon, [parameters, gradients, buffers, counts, lr, momentum, weightDecay, gradScale, 5]);
}

/**
 * The nearest matrices with equal singular values, roughly: quintic Newton–Schulz iterations with products in bfloat16.
 *
 * @param matrices float32 [count, rows, columns]
 */
export const newtonSchulz = (matrices: Tensor, steps = 5): Tensor => call($newtonSchulz, [matrices, steps]) as Tensor;

const activations = {
  gelu_tanh: (x: Tensor): Tensor => x.gelu({ approximate: 'tanh' }),
  gelu: (x: Tensor): Tensor => x.gelu(),
  silu: (x: Tensor): Tensor => x.silu(),
  relu: (x: Tensor): Tensor => x.relu(),
};

/** The same by libtorch's own operators, for any device and element type. */
export const reference = {
  linear(x: Tensor, weight: Tensor, { bias, residual }: LinearProductOptions = {}): Tensor {
    const y = nativeLinear(x, weight.to(x.dtype), { bias: bias?.to(x.dtype) });
    return residual ? residual.add(y) : y;
  },

  feedForward(
    x: Tensor,
    { input, inputBias, gate, output, outputBias }: FeedForwardWeights,
    activation: FusedActivation,
    residual?: Tensor,
  ): Tensor {
    const f = activations[activation];
    const h = reference.linear(x, input, { bias: inputBias });
    const inside = gate ? f(reference.linear(x, gate)).mul(h) : f(h);
    return reference.linear(inside, output, { bias: outputBias, residual });
  },

  attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    { scale, causal, window, bias, documentStarts }: AttentionProductOptions,
  ): Tensor {
    const [, heads, queries] = query.shape;
    const keys = key.size(2);
    let scores = query.matmul(repeatHeads(key, heads).transpose(-1, -2)).mul(scale);
    if (bias) scores = scores.add(bias);
    if (causal) {
      const positions = arange(0, keys, { device: query.device });
      const own = positions.narrow(0, keys - queries, queries).unsqueeze(1);
      const later = positions.unsqueeze(0).gt(own);
      const hidden = window ? later.logicalOr(positions.unsqueeze(0).le(own.sub(window))) : later;
      scores = scores.maskedFill(hidden, Number.NEGATIVE_INFINITY);
    }
    if (documentStarts) scores = scores.maskedFill(otherDocuments(documentStarts, queries), Number.NEGATIVE_INFINITY);
    return scores.softmax(-1).matmul(repeatHeads(value, heads));
  },

  packedAttention: (qkv: Tensor, packed: PackedHeads, options: AttentionProductOptions): Tensor =>
    reference.attention(...unpackHeads(qkv, packed), options),

  linearCrossEntropy: (
    x: Tensor,
    weight: Tensor,
    targets: Tensor,
    { bias, ...options }: CrossEntropyOptions & { bias?: Tensor } = {},
  ): Tensor => simple.crossEntropy(reference.linear(x, weight, { bias }), targets, options),
};

/**
 * True where a query and a key are of different documents.
 *
 * @param documentStarts int64 [batch, keys]
 * @param queries the last positions of the keys
 * @returns [batch, 1, queries, keys]
 */
export function otherDocuments(documentStarts: Tensor, queries: number): Tensor {
  const own = documentStarts.narrow(1, documentStarts.size(1) - queries, queries);
  return own.unsqueeze(2).ne(documentStarts.unsqueeze(1)).unsqueeze(1);
}
