/**
 * Scaled dot-product attention with several heads (Vaswani et al. 2017, 3.2): of a sequence to itself or to another,
 * with keys and values shared by groups of heads (Ainslie et al. 2023) where a family has it.
 */
import { castInput } from '../torch/autocast.ts';
import type { Tensor } from '../torch/index.ts';
import { causalSoftmax } from '../torch/kernels.ts';
import {
  type AttentionProductOptions,
  attentionProduct,
  otherDocuments,
  packedAttentionProduct,
  takesAttention,
} from '../torch/products.ts';
import type { AttentionKind } from './attention-kinds.ts';
import { Dropout } from './dropout.ts';
import type { KVCache } from './kv-cache.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import { createNorm, type Norm, type NormOptions } from './norm.ts';
import type { PagedCache } from './paged-cache.ts';
import { type Rotary, type RotaryAngles, rotate } from './rotary.ts';
import { slidingWindowAttention } from './sparse/index.ts';

export interface AttentionOptions {
  /** Width of the queries' side and of the result. */
  hidden: number;
  heads: number;
  /** Heads of keys and values, each shared by heads / kvHeads queries; default one for each. */
  kvHeads?: number;
  /** Width of a head; default hidden / heads. */
  headDim?: number;
  /** Width of what keys and values are made from; default hidden. */
  kvHidden?: number;
  /** Of the projections; default true. */
  bias?: boolean | { query: boolean; key: boolean; value: boolean; output: boolean };
  /**
   * How checkpoints hold the projections of queries, keys and values: `separate` matrices, or one: `fused`, all queries
   * before all keys before all values; `fusedByHead`, the three of a head together; `keyValue`: the queries' apart, the
   * other two fused (attention to another sequence only). Default `fused`.
   */
  layout?: 'separate' | 'fused' | 'fusedByHead' | 'keyValue';
  /** Scores are multiplied by it; default 1 / √headDim. */
  scale?: number;
  /** Scores s become c·tanh(s / c) (Gemma 2). */
  softcap?: number;
  /** Over each head of queries and keys. */
  qkNorm?: NormOptions;
  rotary?: Rotary;
  /** A position sees this many before it, its own included, and as many after it where attention is not causal. */
  window?: number;
  /** Compute scores and their softmax in float32 even in mixed precision. Default false. */
  upcast?: boolean;
  /** On the attention probabilities. Default 0. */
  dropout?: number;
  /** Attention of a sequence to itself by another rule than every query with every key: see `createAttention`. */
  kind?: AttentionKind;
}

export interface AttentionInputs {
  /**
   * Added to the scores, [1 or batch, 1 or heads, 1 or queries, keys]; `causal`: each query sees the keys up to its own
   * position; undefined: every query sees every key.
   */
  mask: Tensor | 'causal' | undefined;
  /**
   * int64 [batch, keys]: where the document of each position begins, when several lie one after another in a sequence; a
   * query sees keys of its own document alone. A mask that is a tensor says this itself.
   */
  documentStarts?: Tensor;
  /** [batch, keys, kvHidden]: attend to this; default to `x` itself. */
  memory?: Tensor;
  angles?: RotaryAngles;
  /** What `mask` is made from, for kinds of attention that never hold a score for every pair: [batch, keys]. */
  attentionMask?: Tensor;
  /** int64 [batch, time]: 1 where a token attends to everything and is attended by everything. */
  globalAttentionMask?: Tensor;
  /** Each query sees the keys up to its own position. */
  causal?: boolean;
  cache?: KVCache;
  /** In place of a cache: the tokens are those of several sequences, one after the other. */
  pagedCache?: PagedCache;
  /** float32, of the result's shape: added to the result. */
  residual?: Tensor;
  /** Index of the layer in the cache. */
  layer: number;
  /** Also return the probabilities. */
  outputAttentions?: boolean;
}

/** A sequence and what its positions ask and offer. */
export interface Heads {
  /** [batch, time, hidden] */
  x: Tensor;
  /** [batch, heads, time, dim] */
  query: Tensor;
  /** [batch, kvHeads, keys, dim] */
  key: Tensor;
  /** [batch, kvHeads, keys, dim] */
  value: Tensor;
}

/** What came of queries meeting keys. */
export interface Attended {
  /** [batch, heads, time, dim] */
  context: Tensor;
  /** [batch, heads, time, keys] */
  probabilities?: Tensor;
  /** [batch, heads, globals, keys]: those of global tokens (Longformer) */
  globalProbabilities?: Tensor;
}

/** From this many keys on, and this many times the window, leaving out the keys outside of it is faster than one fused product. */
const LOCAL = { keys: 512, windows: 8 };

export class Attention extends Module {
  /** Present as the layout asks. */
  readonly qkv: Linear | undefined;
  readonly keyValue: Linear | undefined;
  readonly query: Linear | undefined;
  readonly key: Linear | undefined;
  readonly value: Linear | undefined;
  readonly queryNorm: Norm | undefined;
  readonly keyNorm: Norm | undefined;
  readonly output: Linear;
  readonly dropout: Dropout;
  readonly options: AttentionOptions;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly scale: number;

  constructor(options: AttentionOptions) {
    super();
    const { hidden, heads, kvHeads = heads, headDim = hidden / heads, kvHidden = hidden, qkNorm } = options;
    const { layout = 'fused', bias = true } = options;
    if (!Number.isInteger(headDim) || heads % kvHeads !== 0) {
      throw new RangeError(
        `hidden (${hidden}) must be a multiple of heads (${heads}), and those of kvHeads (${kvHeads})`,
      );
    }
    this.options = options;
    this.heads = heads;
    this.kvHeads = kvHeads;
    this.headDim = headDim;
    this.scale = options.scale ?? 1 / Math.sqrt(headDim);
    const has = typeof bias === 'boolean' ? { query: bias, key: bias, value: bias, output: bias } : bias;
    const [queries, keys] = [heads * headDim, kvHeads * headDim];
    if (layout === 'separate' || layout === 'keyValue') this.query = new Linear(hidden, queries, { bias: has.query });
    else this.qkv = new Linear(hidden, queries + 2 * keys, { bias: has.query });
    if (layout === 'keyValue') this.keyValue = new Linear(kvHidden, 2 * keys, { bias: has.key });
    if (layout === 'separate') {
      this.key = new Linear(kvHidden, keys, { bias: has.key });
      this.value = new Linear(kvHidden, keys, { bias: has.value });
    }
    this.queryNorm = qkNorm && createNorm(headDim, qkNorm);
    this.keyNorm = qkNorm && createNorm(headDim, qkNorm);
    this.output = new Linear(heads * headDim, hidden, { bias: has.output });
    this.dropout = new Dropout(options.dropout ?? 0);
  }

  /** [batch, time, hidden] → [batch, time, hidden], and where asked for the probabilities, then those of global tokens */
  forward(x: Tensor, inputs: AttentionInputs): [Tensor, Tensor | undefined, Tensor | undefined] {
    const { context, probabilities, globalProbabilities } =
      this.#attendPages(x, inputs) ?? this.#attendPacked(x, inputs) ?? this.#attendApart(x, inputs);
    const [batch, time] = x.shape;
    const joined = context.transpose(1, 2).reshape([batch, time, this.heads * this.headDim]);
    const output = this.output.forward(joined, inputs.residual);
    return inputs.outputAttentions ? [output, probabilities, globalProbabilities] : [output, undefined, undefined];
  }

  /** Queries, keys and values as the projection leaves them, where nothing has to be done to one of the three alone. */
  #attendPacked(x: Tensor, inputs: AttentionInputs): Attended | undefined {
    const { qkv, queryNorm, heads, kvHeads } = this;
    if (!qkv || queryNorm || inputs.angles || inputs.cache || !this.isFusable(castInput(x), inputs)) return undefined;
    const packed = { heads, kvHeads, byHead: this.options.layout === 'fusedByHead' };
    return { context: packedAttentionProduct(qkv.forward(x), packed, this.#productOptions(inputs)) };
  }

  #attendPages(x: Tensor, { pagedCache, angles, layer }: AttentionInputs): Attended | undefined {
    if (!pagedCache) return undefined;
    const { softcap, window } = this.options;
    const [query, key, value] = this.#turned(x, angles);
    return { context: pagedCache.attend(layer, query, key, value, { scale: this.scale, softcap, window }) };
  }

  #attendApart(x: Tensor, inputs: AttentionInputs): Attended {
    const [query, key, value] = inputs.memory ? this.#cross(x, inputs) : this.#self(x, inputs);
    return this.attend({ x, query, key, value }, inputs);
  }

  /** Whether one operator does all that is asked for with such queries. */
  protected isFusable(query: Tensor, inputs: AttentionInputs): boolean {
    const { softcap, upcast } = this.options;
    const { mask, outputAttentions } = inputs;
    if (!this.#isPlain || this.#isLocal(query.size(-2), inputs)) return false;
    if (outputAttentions || softcap !== undefined || upcast || this.dropout.isActive) return false;
    return takesAttention(query) && (typeof mask !== 'object' || !mask.requiresGrad);
  }

  #productOptions({ mask, documentStarts }: AttentionInputs): AttentionProductOptions {
    if (typeof mask === 'object') return { scale: this.scale, causal: false, bias: mask };
    return { scale: this.scale, causal: mask === 'causal', documentStarts };
  }

  /** Whether `documentStarts` of the inputs is read. */
  get isolatesDocuments(): boolean {
    return this.#isPlain;
  }

  /** Whether `mask` of the inputs is read with this number of keys. */
  needsMask(keys: number, inputs: Omit<AttentionInputs, 'mask' | 'layer'> = {}): boolean {
    return !this.#isLocal(keys, inputs);
  }

  /** Whether the text is so much longer than a window on both sides that no scores are made outside it. */
  #isLocal(keys: number, inputs: Omit<AttentionInputs, 'mask' | 'layer'>): boolean {
    const { window = 0, softcap, upcast } = this.options;
    if (window < 2 || softcap !== undefined || upcast || this.heads !== this.kvHeads) return false;
    const { causal, documentStarts, memory, cache, outputAttentions } = inputs;
    if (causal !== false || documentStarts || memory || cache || outputAttentions) return false;
    return keys >= Math.max(LOCAL.keys, LOCAL.windows * window);
  }

  /** Queries, keys and values of a sequence, those of the cache before its own: [batch, heads, time, dim] each. */
  #self(x: Tensor, { angles, cache, layer }: AttentionInputs): [Tensor, Tensor, Tensor] {
    const [query, key, value] = this.#turned(x, angles);
    return cache ? [query, ...cache.append(layer, key, value)] : [query, key, value];
  }

  /** As they meet: normed and turned. */
  #turned(x: Tensor, angles: RotaryAngles | undefined): [Tensor, Tensor, Tensor] {
    const [query, key, value] = this.project(x);
    const turn = (heads: Tensor, norm: Norm | undefined): Tensor => {
      const normed = norm?.forward(heads) ?? heads;
      return angles ? rotate(normed, angles) : normed;
    };
    return [turn(query, this.queryNorm), turn(key, this.keyNorm), value];
  }

  /** The keys and values of another sequence stay the same, so a cache keeps them from the first step on. */
  #cross(x: Tensor, { memory, cache, layer }: AttentionInputs): [Tensor, Tensor, Tensor] {
    const made = (): [Tensor, Tensor] => this.#keysAndValues(memory!);
    const [key, value] = cache ? cache.cross(layer, made) : made();
    return [this.split(this.query!.forward(x), this.heads), key, value];
  }

  /** @returns query [batch, heads, time, dim], key and value [batch, kvHeads, time, dim], contiguous */
  protected project(x: Tensor): [Tensor, Tensor, Tensor] {
    if (!this.qkv) return [this.split(this.query!.forward(x), this.heads), ...this.#keysAndValues(x)];
    const { heads, kvHeads, headDim: dim } = this;
    const [batch, time] = x.shape;
    const qkv = this.qkv.forward(x);
    if (heads !== kvHeads) {
      const [query, key, value] = qkv.splitWithSizes([heads * dim, kvHeads * dim, kvHeads * dim], -1);
      return [this.split(query, heads), this.split(key, kvHeads), this.split(value, kvHeads)];
    }
    const parts =
      this.options.layout === 'fusedByHead'
        ? qkv.view([batch, time, heads, 3, dim]).permute([3, 0, 2, 1, 4])
        : qkv.view([batch, time, 3, heads, dim]).permute([2, 0, 3, 1, 4]);
    return parts.unbind().map(part => this.#compact(part)) as [Tensor, Tensor, Tensor];
  }

  #keysAndValues(x: Tensor): [Tensor, Tensor] {
    const both = this.keyValue?.forward(x).chunk(2, -1) ?? [this.key!.forward(x), this.value!.forward(x)];
    return both.map(part => this.split(part, this.kvHeads)) as [Tensor, Tensor];
  }

  /** [batch, time, heads·dim] → [batch, heads, time, dim] */
  protected split(x: Tensor, heads: number): Tensor {
    const [batch, time] = x.shape;
    return this.#compact(x.reshape([batch, time, heads, this.headDim]).transpose(1, 2));
  }

  /** Contiguous once, where products would copy it wherever it is used; the fused ones read it where it is. */
  #compact(x: Tensor): Tensor {
    return this.#isPlain && takesAttention(x) ? x : x.contiguous();
  }

  /** A kind of attention with rules of its own has an `attend` of its own. */
  get #isPlain(): boolean {
    return this.attend === Attention.prototype.attend;
  }

  /** How queries meet keys: by default every one with every one. */
  protected attend({ query, key, value }: Heads, inputs: AttentionInputs): Attended {
    if (this.isFusable(query, inputs)) {
      return { context: attentionProduct(query, key, value, this.#productOptions(inputs)) };
    }
    if (this.#isLocal(key.size(2), inputs)) return this.#attendLocally({ query, key, value }, inputs);
    const { mask, documentStarts } = inputs;
    const { heads, kvHeads, options } = this;
    const [batch, , time, dim] = query.shape;
    const keys = key.size(2);
    // The queries of a group are more rows of the same product, so shared keys are never copied.
    const rows = [batch, kvHeads, (heads / kvHeads) * time, dim];
    const grouped = heads === kvHeads ? query : query.contiguous().view(rows);
    const products = options.upcast
      ? grouped.to('float32').matmul(key.to('float32').transpose(-1, -2))
      : grouped.matmul(key.transpose(-1, -2));
    const scores = heads === kvHeads ? products : products.view([batch, heads, time, keys]);
    const probabilities = this.#weights(scores, mask, documentStarts).to(value.dtype); // [batch, heads, time, keys]
    const dropped = this.dropout.forward(probabilities);
    if (heads === kvHeads) return { context: dropped.matmul(value), probabilities };
    const context = dropped.view([batch, kvHeads, (heads / kvHeads) * time, keys]).matmul(value);
    return { context: context.view([batch, heads, time, dim]), probabilities };
  }

  /** To the window alone, in time and memory that grow with the text and not with its square. */
  #attendLocally({ query, key, value }: Omit<Heads, 'x'>, { attentionMask }: AttentionInputs): Attended {
    return slidingWindowAttention(query, key, value, {
      window: this.options.window! - 1,
      scale: this.scale,
      attentionMask,
      dropout: probabilities => this.dropout.forward(probabilities),
    });
  }

  /** The softmax of scaled scores over the keys that the mask leaves visible. */
  #weights(scores: Tensor, mask: AttentionInputs['mask'], documentStarts: Tensor | undefined): Tensor {
    const { softcap } = this.options;
    if (mask === 'causal' && softcap === undefined) return causalSoftmax(scores, this.scale, documentStarts);
    const scaled = scores.mul(this.scale);
    const capped = softcap === undefined ? scaled : scaled.div(softcap).tanh().mul(softcap);
    if (mask === 'causal') return causalSoftmax(capped, 1, documentStarts);
    if (mask) return capped.add(mask).softmax(-1);
    const own = documentStarts
      ? capped.maskedFill(otherDocuments(documentStarts, capped.size(2)), Number.NEGATIVE_INFINITY)
      : capped;
    return own.softmax(-1);
  }
}
