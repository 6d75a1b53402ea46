/** Images as models take them: RGB scaled to [−1, 1], or as the model's means and deviations have it. */
import { usageError } from '../support/errors.ts';
import { type Device, fromTypedArray, type Tensor } from '../torch/index.ts';

export interface ImageRow {
  /** RGB, rows from above. */
  pixels: Uint8Array;
  width: number;
  height: number;
}

export interface Normalization {
  /** Of each channel, from 0 to 1. Default 0.5 each, as ViT's. */
  mean?: readonly number[];
  std?: readonly number[];
}

/**
 * float32 [batch, 3, height, width]
 *
 * @throws UserError when images are of unequal size, or have too few pixels
 */
export function pixelValuesOf(
  images: readonly ImageRow[],
  { mean = [0.5, 0.5, 0.5], std = [0.5, 0.5, 0.5] }: Normalization,
  device: Device,
): Tensor {
  const [{ width, height }] = images;
  const area = width * height;
  const values = new Float32Array(images.length * 3 * area);
  for (const [i, image] of images.entries()) {
    if (image.width !== width || image.height !== height || image.pixels.length !== 3 * area) {
      throw usageError(
        'TSLM_IMAGE_SIZE',
        `an image of ${image.width} × ${image.height} pixels (${image.pixels.length} bytes) among those of ${width} × ${height}`,
        'bring all images to the size that the model reads',
      );
    }
    for (let channel = 0; channel < 3; channel++) {
      const at = (3 * i + channel) * area;
      for (let p = 0; p < area; p++)
        values[at + p] = (image.pixels[3 * p + channel] / 255 - mean[channel]) / std[channel];
    }
  }
  return fromTypedArray(values, [images.length, 3, height, width], { copy: false }).to({ device });
}
