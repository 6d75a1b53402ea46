/** Images as bytes: three channels, rows from above. Nothing here knows of models. */

export interface RgbImage {
  /** Red, green and blue of each pixel, rows from above: 3 · width · height. */
  pixels: Uint8Array;
  width: number;
  height: number;
}

/**
 * Pixels of one to four channels as RGB, as `convert('RGB')` of Pillow makes them: grey three times, transparency left out and
 * the colour below it as it is.
 *
 * @param channels 1: grey; 2: grey and alpha; 3: RGB; 4: RGB and alpha
 */
export function rgbOf(
  data: Uint8Array,
  { width, height }: { width: number; height: number },
  channels: number,
): RgbImage {
  if (channels === 3) return { pixels: data, width, height };
  const pixels = new Uint8Array(3 * width * height);
  const isGrey = channels < 3;
  for (let from = 0, to = 0; to < pixels.length; from += channels, to += 3) {
    pixels[to] = data[from];
    pixels[to + 1] = data[isGrey ? from : from + 1];
    pixels[to + 2] = data[isGrey ? from : from + 2];
  }
  return { pixels, width, height };
}

/** The image with left and right exchanged. */
export function flipped({ pixels, width, height }: RgbImage): RgbImage {
  const mirrored = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x);
      mirrored.set(pixels.subarray(from, from + 3), 3 * (y * width + width - 1 - x));
    }
  }
  return { pixels: mirrored, width, height };
}

/** What of the image lies in a rectangle; black where the rectangle is wider than the image. */
export function cropped(
  { pixels, width, height }: RgbImage,
  { left, top, width: wide, height: high }: { left: number; top: number; width: number; height: number },
): RgbImage {
  const part = new Uint8Array(3 * wide * high);
  const from = Math.max(0, left);
  const to = Math.min(width, left + wide);
  for (let y = Math.max(0, top); y < Math.min(height, top + high) && from < to; y++) {
    const row = pixels.subarray(3 * (y * width + from), 3 * (y * width + to));
    part.set(row, 3 * ((y - top) * wide + from - left));
  }
  return { pixels: part, width: wide, height: high };
}

/**
 * The middle of the image, with black around one that is smaller: `center_crop` of Transformers' `image_transforms`, whose
 * larger margin is above and on the left.
 */
export function centerCropped(image: RgbImage, { width, height }: { width: number; height: number }): RgbImage {
  const left = Math.floor((image.width - width) / 2);
  const top = Math.floor((image.height - height) / 2);
  return cropped(image, { left, top, width, height });
}
