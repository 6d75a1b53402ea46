/**
 * The decoder architecture: a stack of Transformer blocks in which each position sees itself and what came before
 * (Liu et al. 2018; Radford et al. 2018). Families describe themselves by options.
 */
import type { Embedding } from '../nn/index.ts';
import { Embeddings, type EmbeddingsOptions } from './embeddings.ts';
import { Backbone, type BackboneOutput, type ModelInputs } from './model.ts';
import { Stack, type StackOptions } from './stack.ts';

export interface DecoderOptions extends Omit<StackOptions, 'causal'> {
  embeddings: EmbeddingsOptions;
  /** Most positions: what the family's configuration says it was made for. */
  maxPositions: number;
}

export class Decoder extends Backbone {
  readonly kind = 'decoder';
  readonly embeddings: Embeddings;
  readonly stack: Stack;
  readonly options: DecoderOptions;
  readonly hidden: number;
  readonly maxPositions: number;
  readonly layerCount: number;

  /**
   * The weights are undefined until they are initialised or a checkpoint fills them.
   *
   * @param words a table shared with an encoder
   */
  constructor(options: DecoderOptions, words?: Embedding) {
    super();
    const { embeddings, maxPositions, ...stack } = options;
    this.options = options;
    this.embeddings = new Embeddings(embeddings, words);
    this.stack = new Stack({ ...stack, causal: true });
    this.hidden = options.layers[0].hidden;
    this.maxPositions = maxPositions;
    this.layerCount = options.layers.length;
  }

  override get isolatesDocuments(): boolean {
    return this.stack.isolatesDocuments;
  }

  override readsBothWays(positions: number): boolean {
    return this.stack.readsBothWays(positions);
  }

  /** @throws RangeError when there are more positions than the model has vectors for, or it does not read both ways */
  run(inputs: ModelInputs): BackboneOutput {
    const { encoderOutput, prefix } = inputs;
    const cache = inputs.cache ?? prefix;
    const x = this.embeddings.forward({ ...inputs, past: cache?.length });
    return this.stack.forward(x, { ...inputs, cache, encoded: encoderOutput?.lastHiddenState });
  }
}
