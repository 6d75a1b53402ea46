/**
 * The encoder–decoder architecture (Vaswani et al. 2017): an encoder reads the input, a decoder writes the output and
 * attends to what the encoder made of the input.
 */
import { Linear } from '../nn/index.ts';
import { cat, full, type Tensor } from '../torch/index.ts';
import type { Decoder } from './decoder.ts';
import { IGNORE_INDEX } from './losses.ts';
import { Backbone, type BackboneOutput, type ModelInputs } from './model.ts';

export interface EncoderDecoderOptions {
  /** The decoder's first token. */
  decoderStartTokenId: number;
  /** Takes the place of ignored labels in the decoder's input. */
  padTokenId: number;
}

export class EncoderDecoder extends Backbone {
  readonly encoder: Backbone;
  readonly decoder: Decoder;
  /** Where the encoder's width is another than the decoder expects. */
  readonly projection: Linear | undefined;
  readonly options: EncoderDecoderOptions;
  readonly hidden: number;
  readonly maxPositions: number;
  readonly layerCount: number;

  constructor(encoder: Backbone, decoder: Decoder, options: EncoderDecoderOptions & { projection?: boolean }) {
    super();
    this.encoder = encoder;
    this.decoder = decoder;
    this.projection = options.projection ? new Linear(encoder.hidden, decoder.hidden) : undefined;
    this.options = options;
    this.hidden = decoder.hidden;
    this.maxPositions = decoder.maxPositions;
    this.layerCount = decoder.layerCount;
  }

  /** Reads the input: what the decoder attends to. */
  encode(inputs: ModelInputs): BackboneOutput {
    const { inputIds, inputsEmbeds, pixelValues, attentionMask, outputHiddenStates, outputAttentions } = inputs;
    const asked = { outputHiddenStates, outputAttentions };
    const output = this.encoder.forward({ inputIds, inputsEmbeds, pixelValues, attentionMask, ...asked });
    return this.projection ? { ...output, lastHiddenState: this.projection.forward(output.lastHiddenState) } : output;
  }

  forward(inputs: ModelInputs): BackboneOutput {
    const { labels, attentionMask, cache, outputHiddenStates, outputAttentions } = inputs;
    const encoderOutput = inputs.encoderOutput ?? this.encode(inputs);
    const output = this.decoder.forward({
      inputIds: inputs.decoderInputIds ?? (labels && this.shiftRight(labels)),
      attentionMask: inputs.decoderAttentionMask,
      positionIds: inputs.decoderPositionIds,
      encoderOutput,
      encodedMask: attentionMask,
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

  /** Labels as the decoder reads them: the start token first, ignored ones padded. */
  shiftRight(labels: Tensor): Tensor {
    const { decoderStartTokenId, padTokenId } = this.options;
    const [batch, time] = labels.shape;
    const start = full([batch, 1], decoderStartTokenId, { dtype: 'int64', device: labels.device });
    const shifted = cat([start, labels.narrow(1, 0, time - 1)], 1);
    return shifted.maskedFill(shifted.eq(IGNORE_INDEX), padTokenId);
  }
}
