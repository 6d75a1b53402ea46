/**
 * The encoder–decoder architecture (Vaswani et al. 2017): an encoder reads the input, a decoder writes the output and
 * attends to what the encoder made of the input.
 */
import { type Embedding, Linear } from '../nn/index.ts';
import { cat, full, type Tensor } from '../torch/index.ts';
import type { Decoder } from './decoder.ts';
import { IGNORE_INDEX } from './losses.ts';
import { Backbone, type BackboneOutput, type ModelInputs } from './model.ts';
import { before } from './prompt.ts';

export interface EncoderDecoderOptions {
  /** The decoder's first token. */
  decoderStartTokenId: number;
  /** Takes the place of ignored labels in the decoder's input. */
  padTokenId: number;
  /** What the decoder reads, shifted right, when it is given no tokens: the first of these that there is. Default labels. */
  shifts?: readonly ('labels' | 'inputIds')[];
  /** What was shifted hides its padding from the decoder, where no mask is given. Default false. */
  hidesPadding?: boolean;
}

export interface EncoderDecoderParts {
  encoder: Backbone;
  decoder: Decoder;
  /** The word vectors of both, where they are one table. */
  shared?: Embedding;
  /** Bring the encoder's output to the decoder's width. Default false. */
  projection?: boolean;
}

export class EncoderDecoder extends Backbone {
  readonly kind = 'encoderDecoder';
  readonly shared: Embedding | undefined;
  readonly encoder: Backbone;
  readonly decoder: Decoder;
  /** Where the encoder's width is another than the decoder expects. */
  readonly projection: Linear | undefined;
  readonly options: EncoderDecoderOptions;
  readonly hidden: number;
  readonly maxPositions: number;
  readonly layerCount: number;

  constructor({ shared, encoder, decoder, projection }: EncoderDecoderParts, options: EncoderDecoderOptions) {
    super();
    this.shared = shared;
    this.encoder = encoder;
    this.decoder = decoder;
    this.projection = projection ? new Linear(encoder.hidden, decoder.hidden) : undefined;
    this.options = options;
    this.hidden = decoder.hidden;
    this.maxPositions = decoder.maxPositions;
    this.layerCount = decoder.layerCount;
  }

  override get reader(): Backbone {
    return this.encoder;
  }

  override get writer(): Backbone {
    return this.decoder;
  }

  /** Reads the input: what the decoder attends to. */
  encode(inputs: ModelInputs): BackboneOutput {
    const { inputIds, inputsEmbeds, pixelValues, attentionMask, tokenTypeIds } = inputs;
    const { outputHiddenStates, outputAttentions } = inputs;
    return this.encoder.forward({
      inputIds,
      inputsEmbeds,
      pixelValues,
      attentionMask,
      tokenTypeIds,
      outputHiddenStates,
      outputAttentions,
    });
  }

  /** @throws RangeError when there is nothing for the decoder to read */
  run(inputs: ModelInputs): BackboneOutput {
    const { cache, decoderInputsEmbeds, outputHiddenStates, outputAttentions } = inputs;
    const encoderOutput = inputs.encoderOutput ?? this.encode(inputs);
    const shifted = (inputs.decoderInputIds ?? decoderInputsEmbeds) ? undefined : this.#shifted(inputs);
    const { hidesPadding, padTokenId } = this.options;
    const output = this.decoder.forward({
      inputIds: decoderInputsEmbeds ? undefined : (inputs.decoderInputIds ?? shifted),
      inputsEmbeds: decoderInputsEmbeds,
      attentionMask: inputs.decoderAttentionMask ?? (hidesPadding ? shifted?.ne(padTokenId).to('int64') : undefined),
      positionIds: inputs.decoderPositionIds,
      encoderOutput: this.#projected(encoderOutput, inputs),
      encodedMask: this.#encodedMask(inputs),
      cache,
      outputHiddenStates,
      outputAttentions,
    });
    return {
      lastHiddenState: output.lastHiddenState,
      decoderHiddenStates: output.hiddenStates,
      decoderAttentions: output.attentions,
      crossAttentions: output.crossAttentions,
      encoderLastHiddenState: encoderOutput.lastHiddenState,
      encoderHiddenStates: encoderOutput.hiddenStates,
      encoderAttentions: encoderOutput.attentions,
    };
  }

  /** What the encoder has made of a learnt prompt is to be attended to, too. */
  #encodedMask({ attentionMask }: ModelInputs): Tensor | undefined {
    const { prompt } = this.encoder;
    return prompt && attentionMask ? before(attentionMask, prompt.count, 1) : attentionMask;
  }

  /** After the first step the cache holds the keys and values of it, so that nothing is projected again. */
  #projected(output: BackboneOutput, { cache }: ModelInputs): BackboneOutput {
    if (!this.projection || (cache && cache.length > 0)) return output;
    return { lastHiddenState: this.projection.forward(output.lastHiddenState) };
  }

  #shifted(inputs: ModelInputs): Tensor {
    const { shifts = ['labels'] } = this.options;
    const source = shifts.find(name => inputs[name]);
    if (!source)
      throw new RangeError(`the decoder has nothing to read: give decoderInputIds or ${shifts.join(' or ')}`);
    return this.shiftRight(inputs[source]!);
  }

  /** Tokens as the decoder reads them: the start token first, ignored labels padded. */
  shiftRight(tokens: Tensor): Tensor {
    const { decoderStartTokenId, padTokenId } = this.options;
    const [batch, time] = tokens.shape;
    const start = full([batch, 1], decoderStartTokenId, { dtype: 'int64', device: tokens.device });
    const shifted = cat([start, tokens.narrow(1, 0, time - 1)], 1);
    return shifted.maskedFill(shifted.eq(IGNORE_INDEX), padTokenId);
  }
}
