import { Decoder } from '../models/decoder.ts';
import { Encoder } from '../models/encoder.ts';
import { EncoderDecoder } from '../models/encoder-decoder.ts';
import type { Backbone } from '../models/model.ts';

/** How many tokens a decoder or an encoder has vectors for; more than any id where that is not known. */
export function vocabSizeOf(backbone: Backbone): number {
  const reader = backbone instanceof EncoderDecoder ? backbone.decoder : backbone;
  const embeddings = reader instanceof Decoder || reader instanceof Encoder ? reader.options.embeddings : {};
  return 'vocabSize' in embeddings ? embeddings.vocabSize : Number.POSITIVE_INFINITY;
}
