import { describe, expect, it } from 'vitest';
import { RESAMPLES, type Resample, resized } from '../../../src/data/images/resample.ts';
import type { RgbImage } from '../../../src/data/images/rgb-image.ts';
import { randomImage } from '../../helpers/images.ts';

/** Squares of two shades, the pattern of Pillow's own tests of accuracy (Tests/test_image_resample.py). */
function squares(side: number, bright: number): RgbImage {
  const shade = (x: number, y: number): number => (x < side / 2 === y < side / 2 ? bright : 255 - bright);
  const pixels = Uint8Array.from({ length: 3 * side * side }, (_, i) => {
    const p = Math.floor(i / 3);
    return shade(p % side, Math.floor(p / side));
  });
  return { pixels, width: side, height: side };
}

/** Rows of the upper left quarter in hexadecimal digits, as Pillow's tests expect them. */
const quarter = ({ pixels, width, height }: RgbImage): string =>
  Array.from({ length: height / 2 }, (_, y) =>
    Array.from({ length: width / 2 }, (_, x) => pixels[3 * (y * width + x)].toString(16).padStart(2, '0')).join(' '),
  ).join(', ');

const published: [resample: Resample, from: number, to: number, expected: string][] = [
  ['bilinear', 8, 4, 'e1 c9, c9 b7'],
  ['bicubic', 12, 6, 'e1 e3 d4, e3 e5 d6, d4 d6 c9'],
  ['lanczos', 16, 8, 'e1 e0 e4 d7, e0 df e3 d6, e4 e3 e7 da, d7 d6 d9 ce'],
  ['bilinear', 2, 4, 'e1 b0, b0 98'],
  ['bicubic', 4, 8, 'e1 e5 ee b9, e5 e9 f3 bc, ee f3 fd c1, b9 bc c1 a2'],
  [
    'lanczos',
    6,
    12,
    'e1 e0 db ed f5 b8, e0 df da ec f3 b7, db db d6 e7 ee b5, ed ec e6 fb ff bf, f5 f4 ee ff ff c4, b8 b7 b4 bf c4 a0',
  ],
];

describe('resizing', () => {
  it.each(published)('by %s from %i to %i gives what Pillow gives', (resample, from, to, expected) => {
    const made = resized(squares(from, 0xe1), { width: to, height: to }, resample);
    expect(quarter(made)).toBe(expected);
    // The pattern's other quarters are its mirror images.
    const at = (x: number, y: number): number => made.pixels[3 * (y * to + x) + 1];
    for (let y = 0; y < to; y++) {
      for (let x = 0; x < to; x++) {
        expect(at(to - 1 - x, to - 1 - y)).toBe(at(x, y));
        expect(at(to - 1 - x, y)).toBe(255 - at(x, y));
      }
    }
  });

  it.each(RESAMPLES)('by %s keeps an even area as it is', resample => {
    const color = [0, 64, 255];
    const pixels = Uint8Array.from({ length: 3 * 90 * 9 }, (_, i) => color[i % 3]);
    const made = resized({ pixels, width: 90, height: 9 }, { width: 9, height: 90 }, resample);
    expect(made.pixels.every((byte, i) => byte === color[i % 3])).toBe(true);
  });

  it('of the nearest pixel, and of a box, can be counted by hand', () => {
    const line = (...values: number[]): RgbImage => ({
      pixels: Uint8Array.from(values.flatMap(value => [value, value, value])),
      width: values.length,
      height: 1,
    });
    const red = ({ pixels }: RgbImage): number[] => [...pixels].filter((_, i) => i % 3 === 0);
    expect(red(resized(line(1, 2, 3, 4, 5, 6), { width: 3, height: 1 }, 'nearest'))).toEqual([2, 4, 6]);
    expect(red(resized(line(1, 2), { width: 5, height: 1 }, 'nearest'))).toEqual([1, 1, 2, 2, 2]);
    expect(red(resized(line(10, 20, 30, 41), { width: 2, height: 1 }, 'box'))).toEqual([15, 36]);
    // Of three pixels the weights are 0.779, 0.779 and 0.064.
    expect(red(resized(line(0, 0, 100, 100), { width: 2, height: 1 }, 'hamming'))).toEqual([4, 96]);
  });

  it('changes nothing where there is nothing to change', () => {
    const image = randomImage(5, 4, 1);
    expect(resized(image, { width: 5, height: 4 }, 'bicubic')).toBe(image);
  });
});
