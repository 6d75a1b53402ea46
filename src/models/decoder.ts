/**
 * The decoder architecture: a stack of Transformer blocks in which each position sees itself and what came before
 * (Liu et al. 2018; pre-norm and GPT-2's initialisation: Radford et al. 2019). Families describe themselves by options.
 */

import { causalMask, SelfAttention } from '../nn/attention.ts';
import {
  type Activation,
  Dropout,
  Embedding,
  FeedForward,
  type KVCache,
  LayerNorm,
  Linear,
  Module,
} from '../nn/index.ts';
import { initNormal, initOnes, initZeros } from '../nn/init.ts';
import { arange, autocastDtype, type Tensor, withSeed } from '../torch/index.ts';
import { causalLoss } from './losses.ts';

export interface DecoderOptions {
  vocabSize: number;
  hidden: number;
  layers: number;
  heads: number;
  /** Width inside the feed-forward network. */
  intermediate: number;
  /** Positions for which there is a learned vector. */
  maxPositions: number;
  activation: Activation;
  normEps: number;
  /** The output layer is the embedding table. */
  tieEmbeddings: boolean;
  /** Factor on the attention scores of a layer. */
  attentionScale: (layer: number) => number;
  /** Scores and softmax in float32 even in mixed precision. */
  upcastAttention: boolean;
  dropout: { embedding: number; attention: number; residual: number };
  /** Standard deviation of initial weights. */
  initializerRange: number;
}

export interface DecoderInputs {
  /** int64 [batch, time]: 1 where a token counts, 0 for padding; with a cache it covers past positions too. */
  attentionMask?: Tensor;
  /** int64 [batch, time]; default 0, 1, 2, … after what the cache holds */
  positionIds?: Tensor;
  /** int64 [batch, time]: the loss is computed; −100 is ignored. Labels are shifted inside. */
  labels?: Tensor;
  cache?: KVCache;
  outputHiddenStates?: boolean;
  outputAttentions?: boolean;
  /** Project only the last position: [batch, 1, vocab]. */
  lastLogitsOnly?: boolean;
  /** Leave the logits in the element type of matrix products, for a loss that reads them so. Default false. */
  rawLogits?: boolean;
}

export interface DecoderOutput {
  /** [batch, time, vocab], float32 unless `rawLogits` was asked for */
  logits: Tensor;
  loss?: Tensor;
  /** [batch, time, hidden]: after the final norm */
  lastHiddenState: Tensor;
  /** The embedding output, then each layer's; the last one after the final norm. */
  hiddenStates?: Tensor[];
  /** Per layer [batch, heads, time, keys]. */
  attentions?: Tensor[];
}

/** One block: attention and feed-forward network, each after a norm and around a residual connection. */
export class DecoderLayer extends Module {
  readonly attentionNorm: LayerNorm;
  readonly attention: SelfAttention;
  readonly feedForwardNorm: LayerNorm;
  readonly feedForward: FeedForward;
  readonly dropout: Dropout;

  constructor(options: DecoderOptions, layer: number) {
    super();
    const { hidden, heads, intermediate, activation, normEps: eps } = options;
    this.attentionNorm = new LayerNorm(hidden, { eps });
    this.attention = new SelfAttention({
      hidden,
      heads,
      scale: options.attentionScale(layer),
      upcast: options.upcastAttention,
      dropout: options.dropout.attention,
    });
    this.feedForwardNorm = new LayerNorm(hidden, { eps });
    this.feedForward = new FeedForward(hidden, intermediate, { activation });
    this.dropout = new Dropout(options.dropout.residual);
  }

  /** [batch, time, hidden] → [batch, time, hidden], and the attention probabilities where asked for */
  forward(x: Tensor, inputs: Parameters<SelfAttention['forward']>[1]): [Tensor, Tensor | undefined] {
    const dtype = autocastDtype(); // what follows a norm is a product
    const [attended, probabilities] = this.attention.forward(this.attentionNorm.forward(x, dtype), inputs);
    const y = x.add(this.dropout.forward(attended));
    const transformed = this.feedForward.forward(this.feedForwardNorm.forward(y, dtype));
    return [y.add(this.dropout.forward(transformed)), probabilities];
  }
}

export class Decoder extends Module {
  readonly options: DecoderOptions;
  readonly embedding: Embedding;
  readonly positions: Embedding;
  readonly dropout: Dropout;
  readonly layers: DecoderLayer[];
  readonly norm: LayerNorm;
  /** Absent when the embedding table is the output layer. */
  readonly head: Linear | undefined;

  /** The weights are undefined until `initialize` or a checkpoint fills them. */
  constructor(options: DecoderOptions) {
    super();
    const { vocabSize, hidden, layers, maxPositions, normEps } = options;
    this.options = options;
    this.embedding = new Embedding(vocabSize, hidden);
    this.positions = new Embedding(maxPositions, hidden);
    this.dropout = new Dropout(options.dropout.embedding);
    this.layers = Array.from({ length: layers }, (_, layer) => new DecoderLayer(options, layer));
    this.norm = new LayerNorm(hidden, { eps: normEps });
    this.head = options.tieEmbeddings ? undefined : new Linear(hidden, vocabSize, { bias: false });
  }

  /** Initial weights from a seed: N(0, σ²), narrower by √(2·layers) for what writes to the residual stream. */
  initialize(seed: number): this {
    const { initializerRange: std, layers } = this.options;
    withSeed(seed, () => {
      for (const [, module] of this.namedModules()) {
        if (module instanceof LayerNorm) {
          initOnes(module.weight);
          initZeros(module.bias);
        } else if (module instanceof Linear) {
          initNormal(module.weight, std);
          if (module.bias) initZeros(module.bias);
        } else if (module instanceof Embedding) {
          initNormal(module.weight, std);
        }
      }
      for (const { attention, feedForward } of this.layers) {
        initNormal(attention.output.weight, std / Math.sqrt(2 * layers));
        initNormal(feedForward.output.weight, std / Math.sqrt(2 * layers));
      }
    });
    return this;
  }

  /**
   * @param inputIds int64 [batch, time]
   * @throws RangeError when there are more positions than the model has vectors for
   */
  forward(inputIds: Tensor, inputs: DecoderInputs = {}): DecoderOutput {
    const { attentionMask, cache, labels, outputAttentions } = inputs;
    const time = inputIds.size(1);
    const past = cache?.length ?? 0;
    const { device } = inputIds;
    if (!inputs.positionIds) this.#checkLength(past + time);

    const positionIds = inputs.positionIds ?? arange(past, past + time, { dtype: 'int64', device }).unsqueeze(0);
    let x = this.dropout.forward(this.embedding.forward(inputIds).add(this.positions.forward(positionIds)));
    const dtype = this.options.upcastAttention ? 'float32' : (autocastDtype() ?? x.dtype);
    const mask = attentionMask ? causalMask(time, past + time, { attentionMask, dtype, device }) : 'causal';

    const hiddenStates = [x];
    const attentions: Tensor[] = [];
    for (const [index, layer] of this.layers.entries()) {
      const [y, probabilities] = layer.forward(x, { mask, cache, layer: index, outputAttentions });
      x = y;
      hiddenStates.push(x);
      if (probabilities) attentions.push(probabilities);
    }
    cache?.advance(time);
    const lastHiddenState = this.norm.forward(x);
    hiddenStates[hiddenStates.length - 1] = lastHiddenState;

    const projected = inputs.lastLogitsOnly ? lastHiddenState.narrow(1, time - 1, 1) : lastHiddenState;
    const logits = this.head?.forward(projected) ?? this.embedding.project(projected);
    return {
      logits: inputs.rawLogits ? logits : logits.to('float32'),
      lastHiddenState,
      loss: labels && causalLoss(logits, labels),
      hiddenStates: inputs.outputHiddenStates ? hiddenStates : undefined,
      attentions: outputAttentions ? attentions : undefined,
    };
  }

  #checkLength(length: number): void {
    const { maxPositions } = this.options;
    if (length > maxPositions) {
      throw new RangeError(`${length} tokens do not fit the model's context of ${maxPositions}`);
    }
  }
}
