/** The image processor that a model is to be used with. */

import type { RgbImage } from '../../data/images/rgb-image.ts';
import { UserError } from '../../support/errors.ts';
import type { Model } from '../model.ts';
import { type ImageProcessor, newImageProcessor, parseImageProcessor, readImageProcessor } from './config.ts';
import { processImage } from './process.ts';

interface ImageConfig {
  image_size?: number | readonly [number, number];
  num_channels?: number;
}

/** What a config.json says of images: its own keys, or those of the encoder that sees them. */
const imageConfigOf = (config: Record<string, unknown>): ImageConfig => (config.encoder ?? config) as ImageConfig;

/** Height and width that the model reads: ViT's 224 where nothing is said. */
export function imageSizeOf(config: Record<string, unknown>): { height: number; width: number } {
  const { image_size: size = 224 } = imageConfigOf(config);
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  return { height, width };
}

export interface ImageProcessorOptions {
  /** Where there may be a preprocessor_config.json. Without one: ViT's, at the size that the model reads. */
  folder?: string;
  /** In place of what the file says. */
  mean?: readonly number[];
  std?: readonly number[];
}

/**
 * @param config config.json of a model that reads images
 * @throws UserError when the processor makes images of a size that the model does not read, or the model reads no RGB
 */
export function imageProcessorFor(
  config: Model['config'],
  { folder, mean, std }: ImageProcessorOptions = {},
): ImageProcessor {
  const { num_channels: channels = 3 } = imageConfigOf(config);
  if (channels !== 3) {
    throw new UserError('TSLM_IMAGE_CHANNELS', `the model reads images of ${channels} channels, and these have three`, {
      hint: 'use a model with num_channels 3: grey images are read as such, too',
    });
  }
  const { height, width } = imageSizeOf(config);
  const found = folder === undefined ? undefined : readImageProcessor(folder);
  const processor = found
    ? mean || std
      ? parseImageProcessor(
          { ...found.json, ...(mean && { image_mean: mean }), ...(std && { image_std: std }) },
          folder!,
        )
      : found
    : newImageProcessor({ height, width, mean, std });
  const made = processor.crop ?? processor.size;
  if (made && 'height' in made && (made.height !== height || made.width !== width)) {
    throw new UserError(
      'TSLM_IMAGE_SIZE',
      `${folder ?? 'the image processor'}: images become ${made.width} × ${made.height}, and the model reads ${width} × ${height}`,
      { hint: "'size' (or 'crop_size') of preprocessor_config.json must be 'image_size' of config.json" },
    );
  }
  return processor;
}

/**
 * An image as the model of that config.json reads it, still in bytes.
 *
 * @throws UserError when it becomes one of another size
 */
export function prepareImage(image: RgbImage, processor: ImageProcessor, config: Model['config']): RgbImage {
  const made = processImage(image, processor);
  const { width, height } = imageSizeOf(config);
  if (made.width === width && made.height === height) return made;
  throw new UserError(
    'TSLM_IMAGE_SIZE',
    `an image of ${image.width} × ${image.height} becomes ${made.width} × ${made.height}, and the model reads ${width} × ${height}`,
    { hint: "set 'size' of preprocessor_config.json to a height and a width, or 'do_center_crop'" },
  );
}
