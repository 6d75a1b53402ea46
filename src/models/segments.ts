/** Whether a model tells the segments of an input apart, by `tokenTypeIds`. */
import { Encoder } from './encoder.ts';
import type { Model } from './model.ts';

export function readsSegments({ backbone: { reader } }: Pick<Model, 'backbone'>): boolean {
  if (reader.kind === 'twoStream') return true;
  return reader instanceof Encoder && 'tokenTypes' in reader.embeddings.options
    ? (reader.embeddings.options.tokenTypes ?? 0) > 1
    : false;
}
