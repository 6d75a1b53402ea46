/** Encoded texts as a batch, padded on the right, and the model's inputs of it. */
import type { Model, ModelInputs } from '../models/model.ts';
import { readsSegments } from '../models/segments.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Device, Tensor } from '../torch/index.ts';
import { attentionMaskOf, padRows } from './batches.ts';

export interface EncodedText {
  ids: readonly number[];
  /** The segment of each token. */
  types: readonly number[];
}

export interface EncodedBatch {
  /** int64 [batch, time] */
  inputIds: Tensor;
  /** int64 [batch, time]; undefined where there is no padding */
  attentionMask: Tensor | undefined;
  /** int64 [batch, time] */
  tokenTypeIds: Tensor;
}

export function encodedBatch(
  examples: readonly EncodedText[],
  { padTokenId = 0 }: Pick<Tokenizer, 'padTokenId'>,
  device: Device,
): EncodedBatch {
  const rows = examples.map(({ ids }) => ids);
  const types = examples.map(example => example.types);
  return {
    inputIds: padRows(rows, padTokenId, device),
    attentionMask: attentionMaskOf(rows, device),
    tokenTypeIds: padRows(types, 0, device),
  };
}

/** Segments go to models that know them. */
export const inputsOf = (model: Model, { inputIds, attentionMask, tokenTypeIds }: EncodedBatch): ModelInputs => ({
  inputIds,
  attentionMask,
  ...(readsSegments(model) && { tokenTypeIds }),
});
