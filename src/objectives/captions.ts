/** What an image shows, in words (Vinyals et al. 2015; Li et al. 2023): an encoder sees the image, a decoder writes. */
import { z } from 'zod';
import type { EncoderDecoder } from '../models/encoder-decoder.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import { usageError } from '../support/errors.ts';
import { scope, type Tensor } from '../torch/index.ts';
import { padRows, type Targets, targetsOf, wordMeans } from './batches.ts';
import { imageKeys } from './image-classification.ts';
import { type ImageRow, pixelValuesOf } from './images.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import { requireEos, wordHead } from './text-to-text.ts';

export const captionsOptions = z.strictObject({ name: z.literal('captions'), ...imageKeys });

export type CaptionsOptions = Partial<Omit<z.output<typeof captionsOptions>, 'name'>>;

export interface CaptionExample extends ImageRow {
  /** The caption, and the end. */
  labels: readonly number[];
}

export interface CaptionBatch {
  /** [batch, 3, height, width] */
  pixelValues: Tensor;
  /** int64 [batch, time], −100 after the end */
  labels: Tensor;
  targets: Targets;
}

/** @throws UserError when the tokenizer has no end token */
export function captions(
  { tokenizer, context }: ObjectiveContext,
  normalization: CaptionsOptions = {},
): Objective<'image', CaptionExample, CaptionBatch> {
  const eos = requireEos(tokenizer);
  return {
    name: 'captions',
    rows: 'image',
    tasks: ['seq2seqLM'],
    weights: { words: 1 },
    example({ text, ...image }) {
      if (text === undefined) throw usageError('TSLM_NO_TEXT', 'an image has no caption', 'give each row a text');
      return { ...image, labels: [...tokenizer.encodeIds(text).subarray(0, context - 1), eos] };
    },
    lengthOf: ({ labels }) => labels.length,
    batch(examples, device) {
      const labels = examples.map(example => example.labels);
      return {
        pixelValues: pixelValuesOf(examples, normalization, device),
        labels: padRows(labels, IGNORE_INDEX, device),
        targets: targetsOf(labels, device),
      };
    },
    counts: ({ targets: { count } }) => ({ words: count, accuracy: count }),
    means: (model, { targets, ...inputs }) =>
      scope(() => {
        const { lastHiddenState } = (model.backbone as EncoderDecoder).forward(inputs);
        return wordMeans(wordHead(model), lastHiddenState, targets);
      }),
  };
}
