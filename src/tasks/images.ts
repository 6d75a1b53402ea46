/** What the tasks over images do first: files become images of the model's size, and images batches. */

import type { RgbImage } from '../data/images/rgb-image.ts';
import { type ImageSource, loadImageSync } from '../data/images/source.ts';
import type { ImageProcessor } from '../models/image-processor/config.ts';
import { imageProcessorFor, prepareImage } from '../models/image-processor/for-model.ts';
import type { Model } from '../models/model.ts';
import { UserError } from '../support/errors.ts';
import { readsText } from './inputs.ts';

/** A path, a `data:` URL, or the bytes of a file. */
export type ImageInput = ImageSource;

export const isImageInput = (given: unknown): boolean => typeof given === 'string' || given instanceof Uint8Array;

/**
 * The image processor of a model's folder, once it is asked for.
 *
 * @throws UserError when the model reads no images
 */
export function processorOf(model: Model, folder: string): ImageProcessor {
  checkReadsImages(model);
  return imageProcessorFor(model.config, { folder });
}

/** @throws UserError when the model reads text */
export function checkReadsImages(model: Model): void {
  if (!readsText(model)) return;
  throw new UserError('TSLM_READS_TEXT', `this ${model.family.modelType} model reads text, not images`, {
    hint: 'use a model of images for this task: vit, vision-encoder-decoder',
  });
}

/** @throws UserError that names the image which cannot be read */
export const loadImages = (model: Model, processor: ImageProcessor, inputs: readonly ImageInput[]): RgbImage[] =>
  inputs.map(input => prepareImage(loadImageSync(input), processor, model.config));

/** Most images of a batch. */
const TOGETHER = 32;

/** Images in batches, in their order. */
export const inImageBatches = <Result>(
  images: readonly RgbImage[],
  read: (batch: readonly RgbImage[]) => readonly Result[],
): Result[] =>
  Array.from({ length: Math.ceil(images.length / TOGETHER) }, (_, i) =>
    read(images.slice(i * TOGETHER, (i + 1) * TOGETHER)),
  ).flat();
