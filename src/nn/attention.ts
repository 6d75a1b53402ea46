/** Scaled dot-product attention with several heads (Vaswani et al. 2017, 3.2). */
import { arange, type DType, type Tensor } from '../torch/index.ts';
import { causalSoftmax } from '../torch/kernels.ts';
import { Dropout } from './dropout.ts';
import type { KVCache } from './kv-cache.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

const MOST_NEGATIVE: Partial<Record<DType, number>> = {
  float64: -Number.MAX_VALUE,
  bfloat16: -3.3895313892515355e38,
  float16: -65504,
};

/**
 * Which keys each query may see, as a tensor to add to the scores: 0, or the most negative number. (Not −∞: a query
 * that may see nothing at all then looks at every key alike, where −∞ would give NaN.)
 *
 * @param queries number of query positions, the last ones of `keys` positions
 * @param options.attentionMask [batch, keys], 0 where a key is padding
 * @returns [1 or batch, 1, queries, keys]
 */
export function causalMask(
  queries: number,
  keys: number,
  { attentionMask, dtype, device }: { attentionMask?: Tensor; dtype: DType; device: string },
): Tensor {
  const positions = arange(0, keys, { device });
  const hidden = positions.unsqueeze(0).gt(positions.narrow(0, keys - queries, queries).unsqueeze(1));
  const blocked = hidden.view([1, 1, queries, keys]);
  const all = attentionMask ? blocked.logicalOr(attentionMask.eq(0).view([-1, 1, 1, keys])) : blocked;
  return all.to(dtype).mul_(MOST_NEGATIVE[dtype] ?? -3.4028234663852886e38);
}

export interface AttentionOptions {
  hidden: number;
  heads: number;
  /** Scores are multiplied by it; default 1 / √headDim. */
  scale?: number;
  /** Compute scores and their softmax in float32 even in mixed precision. Default false. */
  upcast?: boolean;
  /** On the attention probabilities. Default 0. */
  dropout?: number;
}

export interface AttentionInputs {
  /**
   * Added to the scores, [1 or batch, 1, queries, keys]; `causal`: each query sees the keys up to its own position;
   * undefined: every query sees every key.
   */
  mask: Tensor | 'causal' | undefined;
  cache?: KVCache;
  /** Index of the layer in the cache. */
  layer: number;
  /** Also return the probabilities. */
  outputAttentions?: boolean;
}

/** Self-attention whose query, key and value projections are one product. */
export class SelfAttention extends Module {
  readonly qkv: Linear;
  readonly output: Linear;
  readonly dropout: Dropout;
  readonly heads: number;
  readonly scale: number;
  readonly upcast: boolean;

  constructor({ hidden, heads, scale, upcast = false, dropout = 0 }: AttentionOptions) {
    super();
    this.qkv = new Linear(hidden, 3 * hidden);
    this.output = new Linear(hidden, hidden);
    this.dropout = new Dropout(dropout);
    this.heads = heads;
    this.scale = scale ?? 1 / Math.sqrt(hidden / heads);
    this.upcast = upcast;
  }

  /** [batch, time, hidden] → [batch, time, hidden], and probabilities [batch, heads, time, keys] where asked for */
  forward(x: Tensor, { mask, cache, layer, outputAttentions }: AttentionInputs): [Tensor, Tensor | undefined] {
    const [batch, time, hidden] = x.shape;
    const dim = hidden / this.heads;
    const qkv = this.qkv.forward(x).view([batch, time, 3, this.heads, dim]).permute([2, 0, 3, 1, 4]);
    // Each [batch, heads, time, dim], and contiguous once: the products would copy them wherever they are used.
    const [query, newKeys, newValues] = qkv.unbind().map(part => part.contiguous());
    const [keys, values] = cache ? cache.append(layer, newKeys, newValues) : [newKeys, newValues];

    const scores = this.upcast
      ? query.to('float32').matmul(keys.to('float32').transpose(-1, -2))
      : query.matmul(keys.transpose(-1, -2)); // [batch, heads, time, keys]
    const probabilities = weights(scores, this.scale, mask).to(values.dtype);
    const dropped = this.dropout.forward(probabilities);
    const context = dropped.matmul(values).transpose(1, 2).reshape([batch, time, hidden]);
    return [this.output.forward(context), outputAttentions ? probabilities : undefined];
  }
}

/** The softmax of scaled scores over the keys that the mask leaves visible. */
function weights(scores: Tensor, scale: number, mask: AttentionInputs['mask']): Tensor {
  if (mask === 'causal') return causalSoftmax(scores, scale);
  const scaled = scores.mul(scale);
  return (mask ? scaled.add(mask) : scaled).softmax(-1);
}
