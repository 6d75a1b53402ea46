/** What an image shows, one of several labels (ViT, Dosovitskiy et al. 2021). */
import { z } from 'zod';
import type { RgbImage } from '../data/images/rgb-image.ts';
import { pixelValuesOf } from '../models/image-processor/process.ts';
import { usageError } from '../support/errors.ts';
import { scope, type Tensor } from '../torch/index.ts';
import { int64Of } from './batches.ts';
import { augmented, type ImageOptions, imageKeys, normalizationOf } from './images.ts';
import { type LabelLossOptions, labelKeys, labelLoss } from './label-loss.ts';
import { labelsOf } from './labels.ts';
import type { Objective, ObjectiveContext } from './objective.ts';

export const imageClassificationOptions = z.strictObject({
  name: z.literal('image-classification'),
  ...imageKeys,
  ...labelKeys,
});

export interface ImageClassificationOptions extends ImageOptions, LabelLossOptions {}

export interface ImageBatch {
  /** [batch, 3, height, width] */
  pixelValues: Tensor;
  /** int64 [batch] */
  labels: Tensor;
}

export function imageClassification(
  { model, imageProcessor }: Pick<Partial<ObjectiveContext>, 'model' | 'imageProcessor'>,
  options: ImageClassificationOptions = {},
): Objective<'image', RgbImage & { label: number }, ImageBatch> {
  const normalization = normalizationOf(imageProcessor, options);
  const { numberOf } = labelsOf(model?.config);
  const loss = labelLoss(options, model?.config);
  return {
    name: 'image-classification',
    rows: 'image',
    tasks: ['imageClassification'],
    weights: loss.weights,
    example({ label, pixels, width, height }, random, progress) {
      if (label === undefined) throw usageError('TSLM_NO_LABEL', 'an image has no label', 'give each row a label');
      const image = { pixels, width, height };
      // Evaluations see images as they are.
      const seen = progress === undefined ? image : augmented(image, random, options);
      return { ...seen, label: model || typeof label === 'string' ? numberOf(label) : label };
    },
    lengthOf: () => 1,
    batch: (examples, device) => ({
      pixelValues: pixelValuesOf(examples, normalization, device),
      labels: int64Of(
        examples.map(({ label }) => label),
        device,
      ),
    }),
    counts: ({ labels }) => loss.counts(labels),
    means: (one, { pixelValues, labels }) =>
      scope(() => loss.means(one.forward({ pixelValues }).logits!.to('float32'), labels)),
  };
}
