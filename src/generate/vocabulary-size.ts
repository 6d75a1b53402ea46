/** The size of a model's vocabulary. */
import { Decoder } from '../models/decoder.ts';
import { Encoder } from '../models/encoder.ts';
import type { Backbone } from '../models/model.ts';

/** How many tokens a decoder or an encoder has vectors for; more than any id where that is not known. */
export function vocabSizeOf(backbone: Backbone): number {
  const reader = backbone.writer;
  const embeddings = reader instanceof Decoder || reader instanceof Encoder ? reader.options.embeddings : {};
  return 'vocabSize' in embeddings ? embeddings.vocabSize : Number.POSITIVE_INFINITY;
}
