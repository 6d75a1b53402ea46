/**
 * XLNet's Transformer (Yang et al. 2019): tokens are predicted in any order. A content stream sees what comes before a
 * token in that order and the token itself; a query stream sees the same without the token, and predicts it. A memory of
 * hidden states lets a segment see the one before it.
 */
import {
  type Activation,
  adapterParameters,
  Dropout,
  Embedding,
  emptyParameter,
  FeedForward,
  LayerNorm,
  Module,
  type Parameter,
} from '../../../nn/index.ts';
import { RelativeAttention, type RelativeScores } from '../../../nn/relative-attention.ts';
import { arange, cat, eye, ones, recompute, type Tensor, zeros } from '../../../torch/index.ts';
import { Backbone, type BackboneOutput, type ModelInputs } from '../../model.ts';

export interface TwoStreamOptions {
  vocabSize: number;
  hidden: number;
  layers: number;
  heads: number;
  headDim: number;
  intermediate: number;
  activation: Activation;
  normEps: number;
  dropout: number;
  /** Each position sees only those up to itself, whatever the order. */
  causal: boolean;
  /** Causal: all positions see equally many, memory included. */
  sameLength: boolean;
  /** Distances beyond count as this; 0: none. */
  clampLength: number;
  /** Hidden states kept for the next segment; 0: none. */
  memoryLength: number;
  /** Keep only the first n hidden states of a segment. 0: all. */
  reuseLength: number;
  /** Return a memory where the caller does not say. */
  useMems: { train: boolean; eval: boolean };
}

interface Streams {
  content: Tensor;
  /** Present where targets are asked for. */
  query?: Tensor;
}

interface StreamInputs {
  memory?: Tensor;
  distances: Tensor;
  content: RelativeScores;
  query: RelativeScores;
  /** [batch, 1, targets, time] */
  targets?: Tensor;
}

class TwoStreamLayer extends Module {
  readonly attention: RelativeAttention;
  readonly attentionNorm: LayerNorm;
  readonly feedForward: FeedForward;
  readonly feedForwardNorm: LayerNorm;
  readonly dropout: Dropout;

  constructor({ hidden, heads, headDim, intermediate, activation, normEps: eps, dropout }: TwoStreamOptions) {
    super();
    this.attention = new RelativeAttention({ hidden, heads, headDim, dropout });
    this.attentionNorm = new LayerNorm(hidden, { eps });
    this.feedForward = new FeedForward({ hidden, intermediate, activation, dropout });
    this.feedForwardNorm = new LayerNorm(hidden, { eps });
    this.dropout = new Dropout(dropout);
  }

  forward({ content, query }: Streams, inputs: StreamInputs): Streams & { attentions: Tensor[] } {
    const { attention } = this;
    const { memory, targets } = inputs;
    const keys = attention.keys(memory ? cat([memory, content], 1) : content, inputs.distances);
    const seen = attention.attend(attention.queries(content), keys, inputs.content);
    const output = { content: this.#finish(content, seen.context), attentions: [seen.probabilities] };
    if (!query) return output;
    // Each target asks from the position that it stands for.
    const asking = attention.queries(query);
    const place = targets?.to(asking.dtype);
    const placed = place ? place.transpose(-1, -2).matmul(asking) : asking;
    const { context, probabilities } = attention.attend(placed, keys, inputs.query);
    const answered = place ? place.matmul(context) : context;
    return { ...output, query: this.#finish(query, answered), attentions: [seen.probabilities, probabilities] };
  }

  #finish(x: Tensor, context: Tensor): Tensor {
    const attended = this.attentionNorm.forward(this.dropout.forward(this.attention.output(context)).add(x));
    return this.feedForwardNorm.forward(this.dropout.forward(this.feedForward.forward(attended)).add(attended));
  }
}

export class TwoStream extends Backbone {
  readonly kind = 'twoStream';
  readonly word: Embedding;
  /** [1, 1, hidden]: what a target is before it is predicted */
  readonly maskEmbedding: Parameter;
  readonly layers: TwoStreamLayer[];
  readonly dropout: Dropout;
  readonly options: TwoStreamOptions;
  readonly hidden: number;
  /** Distances have no limit. */
  readonly maxPositions = Number.POSITIVE_INFINITY;
  readonly layerCount: number;
  /** While training, each layer's activations are made again for the backward pass instead of kept. */
  recompute = false;

  constructor(options: TwoStreamOptions) {
    super();
    const { vocabSize, hidden, layers, dropout } = options;
    this.options = options;
    this.word = new Embedding(vocabSize, hidden);
    this.maskEmbedding = emptyParameter([1, 1, hidden]);
    this.layers = Array.from({ length: layers }, () => new TwoStreamLayer(options));
    this.dropout = new Dropout(dropout);
    this.hidden = hidden;
    this.layerCount = layers;
  }

  /**
   * With `targetMapping` the last hidden state has a row for each target, and hidden states alternate between the
   * content and the query stream.
   */
  run(inputs: ModelInputs): BackboneOutput {
    const { inputIds, inputsEmbeds, mems, targetMapping, outputHiddenStates, outputAttentions } = inputs;
    const useMems = inputs.useMems ?? this.options.useMems[this.training ? 'train' : 'eval'];
    const words = inputsEmbeds ?? this.word.forward(inputIds!);
    const [batch, time] = words.shape;
    const memories = mems?.map(memory => memory.transpose(0, 1)); // [batch, memory, hidden] each
    const past = memories?.[0].size(1) ?? 0;
    const distances = this.dropout.forward(this.#distances(time, past, words));
    const { content, query } = this.#scores(inputs, words, past);
    const targets = targetMapping?.unsqueeze(1);

    let streams: Streams = { content: this.dropout.forward(words) };
    if (targetMapping) {
      streams.query = this.dropout.forward(this.maskEmbedding.expand([batch, targetMapping.size(1), this.hidden]));
    }
    const hiddenStates = Object.values(streams);
    const attentions: Tensor[] = [];
    const kept: Tensor[] = [];
    for (const [i, layer] of this.layers.entries()) {
      const memory = memories?.[i];
      if (useMems) kept.push(this.#remember(streams.content, memory));
      const output = this.#runLayer(layer, streams, { memory, distances, content, query, targets });
      streams = { content: output.content, ...(output.query && { query: output.query }) };
      hiddenStates.push(...Object.values(streams));
      attentions.push(...output.attentions);
    }
    return {
      lastHiddenState: this.dropout.forward(streams.query ?? streams.content),
      hiddenStates: outputHiddenStates ? hiddenStates : undefined,
      attentions: outputAttentions ? attentions : undefined,
      mems: useMems ? kept : undefined,
    };
  }

  #runLayer(layer: TwoStreamLayer, streams: Streams, inputs: StreamInputs): ReturnType<TwoStreamLayer['forward']> {
    if (!this.recompute || !this.training) return layer.forward(streams, inputs);
    const parameters = [...layer.parameters(), ...adapterParameters(layer)];
    return recompute(([both, rest]) => layer.forward(both, rest), [streams, inputs] as const, { parameters });
  }

  /** Sinusoids of all distances, from the farthest before to the farthest after: [1, distances, hidden]. */
  #distances(time: number, past: number, { device, dtype }: Tensor): Tensor {
    const { causal, clampLength, hidden } = this.options;
    const keys = past + time;
    let distance = arange(keys, causal ? -1 : -time, { step: -1, device }).to('float32');
    if (clampLength > 0) distance = distance.clamp({ min: -clampLength, max: clampLength });
    const frequencies = arange(0, hidden, { step: 2, device }).to('float32').div(hidden).mul(-Math.log(10_000)).exp();
    const angles = distance.unsqueeze(1).mul(frequencies);
    return cat([angles.sin(), angles.cos()], -1).unsqueeze(0).to(dtype);
  }

  /** What each stream may not see, and which keys are of another segment. */
  #scores({ attentionMask, permMask, tokenTypeIds }: ModelInputs, words: Tensor, past: number) {
    const [batch, time] = words.shape;
    const { device } = words;
    const padding = attentionMask?.eq(0).to('float32').unsqueeze(1); // [batch, 1, time]
    const order = permMask?.to('float32');
    const blocked = order && padding ? order.add(padding) : (order ?? padding);
    const causal = this.options.causal ? this.#causal(time, past, device).unsqueeze(0) : undefined;
    let hidden = causal;
    if (blocked) {
      const remembered = zeros([batch, blocked.size(1), past], { device });
      const all = cat([remembered, blocked], -1);
      hidden = causal ? all.add(causal) : all;
    }
    const query = hidden?.gt(0).to('float32').unsqueeze(1);
    // The content stream sees its own token whatever the order says.
    const itself = cat([zeros([time, past], { device }), eye(time, { device })], -1);
    const content = query?.sub(itself).gt(0).to('float32');
    const otherSegment = tokenTypeIds && this.#otherSegment(tokenTypeIds, past);
    return { content: { hidden: content, otherSegment }, query: { hidden: query, otherSegment } };
  }

  /** [time, past + time]: 1 where a key comes after the query, or falls out of what all see equally. */
  #causal(time: number, past: number, device: string): Tensor {
    const all = ones([time, past + time], { device });
    const later = all.triu({ diagonal: past + 1 });
    if (!this.options.sameLength) return later;
    const early = all.tril({ diagonal: -1 }).narrow(1, 0, time);
    return past === 0 ? later.add(early) : later.add(cat([early, zeros([time, past], { device })], -1));
  }

  /** The memory counts as segment 0. */
  #otherSegment(tokenTypeIds: Tensor, past: number): Tensor {
    const [batch, time] = tokenTypeIds.shape;
    const remembered = zeros([batch, past], { dtype: tokenTypeIds.dtype, device: tokenTypeIds.device });
    const keys = cat([remembered, tokenTypeIds], 1);
    return tokenTypeIds.view([batch, 1, time, 1]).ne(keys.view([batch, 1, 1, past + time]));
  }

  /** What the next segment may see of a layer's input: [memory, batch, hidden], without a gradient. */
  #remember(x: Tensor, memory: Tensor | undefined): Tensor {
    const { memoryLength, reuseLength } = this.options;
    const reused = reuseLength > 0 ? x.narrow(1, 0, Math.min(reuseLength, x.size(1))) : x;
    const all = memory ? cat([memory, reused], 1) : reused;
    const length = memoryLength > 0 ? Math.min(memoryLength, all.size(1)) : all.size(1);
    return all
      .narrow(1, all.size(1) - length, length)
      .transpose(0, 1)
      .contiguous()
      .detach();
  }
}
