/** What an image shows, one of several labels (ViT, Dosovitskiy et al. 2021). */
import { z } from 'zod';
import { tokenLoss } from '../models/losses.ts';
import { usageError } from '../support/errors.ts';
import { isGradEnabled, scope, type Tensor } from '../torch/index.ts';
import { int64Of, shareRight } from './batches.ts';
import { type ImageRow, pixelValuesOf } from './images.ts';
import type { Objective, ObjectiveContext } from './objective.ts';

const channels = z.array(z.number()).length(3);

/** How pixels become numbers. */
export const imageKeys = { mean: channels.optional(), std: channels.optional() };

export const imageClassificationOptions = z.strictObject({
  name: z.literal('image-classification'),
  ...imageKeys,
  /** How often an image is mirrored. */
  flipProbability: z.number().min(0).max(1).default(0),
});

export type ImageClassificationOptions = Partial<Omit<z.output<typeof imageClassificationOptions>, 'name'>>;

export interface ImageBatch {
  /** [batch, 3, height, width] */
  pixelValues: Tensor;
  /** int64 [batch] */
  labels: Tensor;
}

/** The image with left and right exchanged. */
export function flipped({ pixels, width, height }: ImageRow): ImageRow {
  const mirrored = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x);
      mirrored.set(pixels.subarray(from, from + 3), 3 * (y * width + width - 1 - x));
    }
  }
  return { pixels: mirrored, width, height };
}

export function imageClassification(
  _: Partial<ObjectiveContext>,
  { flipProbability = 0, ...normalization }: ImageClassificationOptions = {},
): Objective<'image', ImageRow & { label: number }, ImageBatch> {
  return {
    name: 'image-classification',
    rows: 'image',
    tasks: ['imageClassification'],
    weights: { label: 1 },
    example({ label, ...image }, random, progress) {
      if (label === undefined) throw usageError('TSLM_NO_LABEL', 'an image has no label', 'give each row a label');
      // Evaluations see images as they are.
      const mirrors = progress !== undefined && random.next() < flipProbability;
      return { ...(mirrors ? flipped(image) : image), label };
    },
    lengthOf: () => 1,
    batch: (examples, device) => ({
      pixelValues: pixelValuesOf(examples, normalization, device),
      labels: int64Of(
        examples.map(({ label }) => label),
        device,
      ),
    }),
    counts: ({ labels }) => ({ label: labels.numel, accuracy: labels.numel }),
    means: (model, { pixelValues, labels }) =>
      scope(() => {
        const logits = model.forward({ pixelValues }).logits!;
        return {
          label: tokenLoss(logits, labels),
          ...(!isGradEnabled() && { accuracy: shareRight(logits, labels) }),
        };
      }),
  };
}
