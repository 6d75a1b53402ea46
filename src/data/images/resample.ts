/**
 * Images of another size, byte for byte as Pillow's `Image.resize` makes them, which is what Transformers' image processors
 * were made with: a filter that widens with the reduction (antialias), columns before rows, weights with 22 bits after
 * the point, and bytes in between.
 */
import type { RgbImage } from './rgb-image.ts';

interface Filter {
  /** How far it reaches, in pixels of the smaller image. */
  support: number;
  weight(x: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Half of Keys' (1981) cubic convolution with a = −0.5, for x of 0 or more. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

// Pillow writes the two numbers of the window in single precision.
const [HAMMING_MEAN, HAMMING_SWING] = [Math.fround(0.54), Math.fround(0.46)];

const FILTERS = {
  lanczos: { support: 3, weight: x => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bilinear: { support: 1, weight: x => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: x => cubic(Math.abs(x)) },
  box: { support: 0.5, weight: x => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: {
    support: 1,
    weight: x => (Math.abs(x) >= 1 ? 0 : sinc(x) * (HAMMING_MEAN + HAMMING_SWING * Math.cos(Math.PI * x))),
  },
} as const satisfies Record<string, Filter>;

/** Pillow's resampling filters. */
export type Resample = 'nearest' | keyof typeof FILTERS;

/** In the order of Pillow's numbers. */
export const RESAMPLES: readonly Resample[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'];

/** Bits after the point: 32 less 8 for the byte and 2 for what filters with negative parts overshoot. */
const BITS = 22;
const HALF = 1 << (BITS - 1);

/** Which pixels of a line each new pixel is made of, and their weights. */
interface Line {
  firsts: Int32Array;
  /** [size, most]: rounded, zero after the last one. */
  weights: Int32Array;
  counts: Int32Array;
  most: number;
}

function lineOf(from: number, size: number, { support: reach, weight }: Filter): Line {
  const scale = from / size;
  const widened = Math.max(1, scale);
  const support = reach * widened;
  const most = Math.ceil(support) * 2 + 1;
  const [firsts, counts, weights] = [new Int32Array(size), new Int32Array(size), new Int32Array(size * most)];
  for (let i = 0; i < size; i++) {
    const center = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(from, Math.trunc(center + support + 0.5)) - first;
    const exact = Array.from({ length: count }, (_, k) => weight((k + first - center + 0.5) * (1 / widened)));
    const sum = exact.reduce((all, one) => all + one, 0);
    for (const [k, one] of exact.entries()) {
      const share = (sum === 0 ? one : one / sum) * (1 << BITS);
      weights[i * most + k] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }
    [firsts[i], counts[i]] = [first, count];
  }
  return { firsts, counts, weights, most };
}

const byteOf = (sum: number): number => Math.min(255, Math.max(0, sum >> BITS));

/**
 * One direction. A pixel's neighbours are `step` bytes apart and lines `stride`; so are those of what is made.
 *
 * @param lines how many lines there are
 */
function stretched(
  pixels: Uint8Array,
  target: Uint8Array,
  { firsts, counts, weights, most }: Line,
  { lines, step, stride, targetStride }: { lines: number; step: number; stride: number; targetStride: number },
): void {
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < firsts.length; i++) {
      const to = line * targetStride + i * step;
      let [red, green, blue] = [HALF, HALF, HALF];
      for (let k = 0, at = line * stride + firsts[i] * step; k < counts[i]; k++, at += step) {
        const weight = weights[i * most + k];
        red += pixels[at] * weight;
        green += pixels[at + 1] * weight;
        blue += pixels[at + 2] * weight;
      }
      target[to] = byteOf(red);
      target[to + 1] = byteOf(green);
      target[to + 2] = byteOf(blue);
    }
  }
}

/** Of each new pixel the one that its middle lies in, added up as Pillow does. */
function nearestOf(from: number, size: number): Int32Array {
  const scale = from / size;
  const places = new Int32Array(size);
  for (let i = 0, at = scale * 0.5; i < size; i++, at += scale) places[i] = Math.min(from - 1, Math.trunc(at));
  return places;
}

function nearest({ pixels, width, height }: RgbImage, size: { width: number; height: number }): RgbImage {
  const [columns, rows] = [nearestOf(width, size.width), nearestOf(height, size.height)];
  const made = new Uint8Array(3 * size.width * size.height);
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      const from = 3 * (row * width + column);
      made.set(pixels.subarray(from, from + 3), 3 * (y * size.width + x));
    }
  }
  return { pixels: made, ...size };
}

/** The image at another size; the image itself where it has that size. */
export function resized(
  image: RgbImage,
  { width, height }: { width: number; height: number },
  resample: Resample,
): RgbImage {
  if (image.width === width && image.height === height) return image;
  if (resample === 'nearest') return nearest(image, { width, height });
  const filter = FILTERS[resample];
  let { pixels } = image;
  if (image.width !== width) {
    const made = new Uint8Array(3 * width * image.height);
    const layout = { lines: image.height, step: 3, stride: 3 * image.width, targetStride: 3 * width };
    stretched(pixels, made, lineOf(image.width, width, filter), layout);
    pixels = made;
  }
  if (image.height !== height) {
    const made = new Uint8Array(3 * width * height);
    const layout = { lines: width, step: 3 * width, stride: 3, targetStride: 3 };
    stretched(pixels, made, lineOf(image.height, height, filter), layout);
    pixels = made;
  }
  return { pixels, width, height };
}
