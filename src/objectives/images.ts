/** What the objectives over images share: how an image is changed from visit to visit, and what it is called. */
import { z } from 'zod';
import { cropped, flipped, type RgbImage } from '../data/images/rgb-image.ts';
import { type ImageProcessor, newImageProcessor } from '../models/image-processor/config.ts';
import type { Normalization } from '../models/image-processor/process.ts';
import type { Random } from '../support/random.ts';

const channels = z.array(z.number()).length(3);

export const imageKeys = {
  /** Of each channel, from 0 to 1; default what the model's folder says, 0.5 of a new one. */
  mean: channels.optional(),
  std: channels.optional(),
  /** Pixels of black that are put around an image before a part of its size is cut out anywhere. */
  cropPadding: z.int().min(0).max(1024).default(0),
  /** How often an image is mirrored. */
  flipProbability: z.number().min(0).max(1).default(0),
};

export interface ImageOptions {
  mean?: number[];
  std?: number[];
  cropPadding?: number;
  flipProbability?: number;
}

/** What bytes become: as the model's image processor has it, or a new one with these means and deviations. */
export const normalizationOf = (processor: ImageProcessor | undefined, { mean, std }: ImageOptions): Normalization =>
  processor ?? newImageProcessor({ height: 1, width: 1, mean, std });

/** The image moved and mirrored by chance (Krizhevsky et al. 2012, 4.1; He et al. 2016, 4.2). */
export function augmented(
  image: RgbImage,
  random: Random,
  { cropPadding = 0, flipProbability = 0 }: ImageOptions,
): RgbImage {
  let seen = image;
  if (cropPadding > 0) {
    const [left, top] = [random, random].map(one => one.below(2 * cropPadding + 1) - cropPadding);
    seen = cropped(seen, { left, top, width: seen.width, height: seen.height });
  }
  return flipProbability > 0 && random.next() < flipProbability ? flipped(seen) : seen;
}
