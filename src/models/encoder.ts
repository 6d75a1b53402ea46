/**
 * The encoder architecture: a stack of Transformer blocks in which each position sees all others (Vaswani et al. 2017;
 * Devlin et al. 2019), over tokens or over the patches of an image (Dosovitskiy et al. 2021).
 */
import { type Activation, activations, type Embedding, Linear } from '../nn/index.ts';
import type { Tensor } from '../torch/index.ts';
import { Embeddings } from './embeddings.ts';
import { Backbone, type BackboneOutput, type ModelInputs } from './model.ts';
import { PatchEmbeddings } from './patch-embeddings.ts';
import { Stack, type StackOptions } from './stack.ts';

/** What the encoder reads: tokens, or the patches of an image. */
type InputEmbeddings = Embeddings | PatchEmbeddings;

export interface EncoderOptions<Input extends InputEmbeddings = Embeddings> extends Omit<StackOptions, 'causal'> {
  embeddings: Input['options'];
  maxPositions: number;
  /** A dense layer and its activation over the first position. */
  pooler?: { activation: Activation; size?: number };
}

export class Encoder<Input extends InputEmbeddings = Embeddings> extends Backbone {
  readonly kind = 'encoder';
  readonly embeddings: Input;
  readonly stack: Stack;
  readonly pooler: Linear | undefined;
  readonly options: EncoderOptions<Input>;
  readonly hidden: number;
  readonly maxPositions: number;
  readonly layerCount: number;

  /** @param words a table shared with a decoder */
  constructor(options: EncoderOptions<Input>, words?: Embedding) {
    super();
    const { embeddings, maxPositions, pooler, ...stack } = options;
    this.options = options;
    this.embeddings = (
      'patchSize' in embeddings ? new PatchEmbeddings(embeddings) : new Embeddings(embeddings, words)
    ) as Input;
    this.stack = new Stack({ ...stack, causal: false });
    this.hidden = options.layers[0].hidden;
    this.pooler = pooler && new Linear(this.hidden, pooler.size ?? this.hidden);
    this.maxPositions = maxPositions;
    this.layerCount = options.layers.length;
  }

  override get isolatesDocuments(): boolean {
    return this.stack.isolatesDocuments;
  }

  /** @throws RangeError when there are more positions than the model has vectors for, or images are of another size */
  run(inputs: ModelInputs): BackboneOutput {
    const { prefix } = inputs;
    const x = this.embeddings.forward({ ...inputs, past: prefix?.length });
    const output = this.stack.forward(x, { ...inputs, cache: prefix });
    return { ...output, poolerOutput: this.#pool(output.lastHiddenState) };
  }

  /** [batch, time, hidden] → [batch, size] */
  #pool(x: Tensor): Tensor | undefined {
    const activation = this.options.pooler?.activation;
    return activation && activations[activation](this.pooler!.forward(x.select(1, 0)));
  }
}
