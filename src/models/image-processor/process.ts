/**
 * What an image processor does: another size, the middle cut out, and bytes as numbers. The results are those of Transformers'
 * processors over Pillow (`ViTImageProcessorPil` and the like), to the last bit.
 */
import { resized } from '../../data/images/resample.ts';
import { centerCropped, type RgbImage } from '../../data/images/rgb-image.ts';
import { usageError } from '../../support/errors.ts';
import { type Device, fromTypedArray, type Tensor } from '../../torch/index.ts';
import type { ImageProcessor, ImageSize } from './config.ts';

/** Halves go to the even neighbour, as Python rounds. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below % 2) : Math.round(x);
}

/** How large an image of the given size is made. */
export function resizedSize(
  { width, height }: { width: number; height: number },
  size: ImageSize,
): { width: number; height: number } {
  if ('height' in size) return size;
  if ('maxHeight' in size) {
    const scale = Math.min(size.maxHeight / height, size.maxWidth / width);
    return { height: Math.trunc(height * scale), width: Math.trunc(width * scale) };
  }
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const { longestEdge } = size;
  let shorter = size.shortestEdge;
  let longer = Math.trunc((shorter * long) / short);
  if (longestEdge !== undefined) {
    const exact = (longestEdge * short) / long;
    const isTooLong = (long / short) * shorter > longestEdge;
    if (isTooLong) shorter = roundHalfEven(exact);
    longer = short === shorter ? long : Math.trunc(((isTooLong ? exact : shorter) * long) / short);
  }
  return width <= height ? { width: shorter, height: longer } : { width: longer, height: shorter };
}

/** The image as the processor cuts it to size, still in bytes. */
export function processImage(image: RgbImage, { size, resample, crop }: ImageProcessor): RgbImage {
  const made = size ? resized(image, resizedSize(image, size), resample) : image;
  return crop ? centerCropped(made, crop) : made;
}

export type Normalization = Pick<ImageProcessor, 'rescaleFactor' | 'mean' | 'std'>;

/** Of each channel the number that each byte becomes, rounded to float32 where Transformers rounds. */
const tablesOf = ({ rescaleFactor, mean, std }: Normalization): Float32Array[] =>
  mean.map((one, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => {
      const centered = Math.fround(Math.fround(byte * rescaleFactor) - Math.fround(one));
      return centered / Math.fround(std[channel]);
    }),
  );

/**
 * float32 [batch, 3, height, width]
 *
 * @throws UserError when images are of unequal size, or have too few pixels
 */
export function pixelValuesOf(images: readonly RgbImage[], normalization: Normalization, device: Device): Tensor {
  const [{ width, height }] = images;
  const area = width * height;
  const values = new Float32Array(images.length * 3 * area);
  const tables = tablesOf(normalization);
  for (const [i, image] of images.entries()) {
    if (image.width !== width || image.height !== height || image.pixels.length !== 3 * area) {
      throw usageError(
        'TSLM_IMAGE_SIZE',
        `an image of ${image.width} × ${image.height} pixels (${image.pixels.length} bytes) among those of ${width} × ${height}`,
        'bring all images to the size that the model reads',
      );
    }
    const { pixels } = image;
    for (let channel = 0; channel < 3; channel++) {
      const table = tables[channel];
      const at = (3 * i + channel) * area;
      for (let p = 0; p < area; p++) values[at + p] = table[pixels[3 * p + channel]];
    }
  }
  return fromTypedArray(values, [images.length, 3, height, width], { copy: false }).to({ device });
}
