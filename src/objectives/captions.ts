/** What an image shows, in words (Vinyals et al. 2015; Li et al. 2023): an encoder sees the image, a decoder writes. */
import { z } from 'zod';
import type { RgbImage } from '../data/images/rgb-image.ts';
import type { EncoderDecoder } from '../models/encoder-decoder.ts';
import { pixelValuesOf } from '../models/image-processor/process.ts';
import { IGNORE_INDEX } from '../models/losses.ts';
import { usageError } from '../support/errors.ts';
import { scope, type Tensor } from '../torch/index.ts';
import { padRows, type Targets, targetsOf, wordMeans } from './batches.ts';
import { augmented, type ImageOptions, imageKeys, normalizationOf } from './images.ts';
import { labelsOf } from './labels.ts';
import type { Objective, ObjectiveContext } from './objective.ts';
import { requireEos, wordHead } from './text-to-text.ts';

const LABEL = '{label}';

export const captionsOptions = z.strictObject({
  name: z.literal('captions'),
  ...imageKeys,
  /** Captions of images that have a label in place of a text (Radford et al. 2021, 3.1.4): `a photo of a {label}`. */
  template: z.string().includes(LABEL, `it must have ${LABEL} in it`).optional(),
  /** What the numbers of these labels are called. */
  labelNames: z.array(z.string()).min(1).optional(),
});

export interface CaptionsOptions extends ImageOptions {
  template?: string;
  labelNames?: string[];
}

export interface CaptionExample extends RgbImage {
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

/** Whether captions are made of labels. */
export const describesLabels = ({ template, labelNames }: CaptionsOptions): boolean =>
  template !== undefined || labelNames !== undefined;

/** @throws UserError for a row that has not what its caption is made of, and a label without a name */
export function captionOf(
  { text, label }: { text?: string; label?: number | string },
  options: CaptionsOptions,
): string {
  const { template = LABEL, labelNames } = options;
  if (!describesLabels(options)) {
    if (text !== undefined) return text;
    throw usageError('TSLM_NO_TEXT', 'an image has no caption', 'give each row a text');
  }
  if (label === undefined) throw usageError('TSLM_NO_LABEL', 'an image has no label', 'give each row a label');
  const name = labelNames ? labelNames[labelsOf({ id2label: { ...labelNames } }).numberOf(label)] : String(label);
  return template.replaceAll(LABEL, () => name);
}

/** @throws UserError when the tokenizer has no end token */
export function captions(
  { tokenizer, context, imageProcessor }: Pick<ObjectiveContext, 'tokenizer' | 'context' | 'imageProcessor'>,
  options: CaptionsOptions = {},
): Objective<'image', CaptionExample, CaptionBatch> {
  const eos = requireEos(tokenizer);
  const normalization = normalizationOf(imageProcessor, options);
  return {
    name: 'captions',
    rows: 'image',
    tasks: ['seq2seqLM'],
    weights: { words: 1 },
    example({ text, label, ...image }, random, progress) {
      const caption = captionOf({ text, label }, options);
      // Evaluations see images as they are.
      const seen = progress === undefined ? image : augmented(image, random, options);
      return { ...seen, labels: [...tokenizer.encodeIds(caption).subarray(0, context - 1), eos] };
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
