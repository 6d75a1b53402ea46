/** Whether a model tells the segments of an input apart, by `tokenTypeIds`. */
import { Encoder } from './encoder.ts';
import { EncoderDecoder } from './encoder-decoder.ts';
import { TwoStream } from './families/xlnet/two-stream.ts';
import type { Backbone, Model } from './model.ts';

/** What reads the text: the model itself, or its encoder. */
export const readerOf = ({ backbone }: Pick<Model, 'backbone'>): Backbone =>
  backbone instanceof EncoderDecoder ? backbone.encoder : backbone;

export function readsSegments(model: Pick<Model, 'backbone'>): boolean {
  const reader = readerOf(model);
  if (reader instanceof TwoStream) return true;
  return reader instanceof Encoder && 'tokenTypes' in reader.embeddings.options
    ? (reader.embeddings.options.tokenTypes ?? 0) > 1
    : false;
}
