import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/data/images/decode.ts';
import { decodeImageSync } from '../../../src/data/images/decode-sync.ts';
import { centerCropped, cropped, flipped } from '../../../src/data/images/rgb-image.ts';
import { loadImageSync, readImageBytes } from '../../../src/data/images/source.ts';
import { dataUrlOf, pngOf, pngOfLines, randomImage } from '../../helpers/images.ts';
import { scratchFolder } from '../../support/scratch.ts';
import { errorOf } from '../helpers.ts';

const image = randomImage(7, 5, 1);
const png = pngOf(image);
const raw = sharp(image.pixels, { raw: { width: 7, height: 5, channels: 3 } });
const pixelsOf = async (bytes: Uint8Array): Promise<number[]> => [...(await decodeImage(bytes)).pixels];
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('an image', () => {
  it('is what its file says, whatever wrote it', async () => {
    expect(await decodeImage(png)).toEqual(image);
    expect(await decodeImage(await raw.clone().png({ compressionLevel: 9 }).toBuffer())).toEqual(image);
    expect(await decodeImage(await raw.clone().webp({ lossless: true }).toBuffer())).toEqual(image);
    const even = sharp({ create: { width: 16, height: 8, channels: 3, background: { r: 200, g: 100, b: 50 } } });
    for (const format of ['jpeg', 'gif'] as const) {
      const { pixels, width, height } = await decodeImage(await even.clone().toFormat(format).toBuffer());
      expect([format, width, height]).toEqual([format, 16, 8]);
      for (const [i, byte] of pixels.entries()) expect(Math.abs(byte - [200, 100, 50][i % 3])).toBeLessThanOrEqual(2);
    }
  });

  it('of other kinds of pixels becomes RGB as in Pillow: grey thrice, without transparency, high bytes', async () => {
    const grey = pngOfLines(3, [bytes(0, 100, 255)], { type: 0 });
    expect(await pixelsOf(grey)).toEqual([0, 0, 0, 100, 100, 100, 255, 255, 255]);
    expect(await pixelsOf(pngOfLines(4, [bytes(0b1010_0000)], { type: 0, depth: 1 }))).toEqual(
      [255, 0, 255, 0].flatMap(value => [value, value, value]),
    );
    const transparent = pngOfLines(2, [bytes(10, 20, 30, 0, 40, 50, 60, 128)], { type: 6 });
    expect(await pixelsOf(transparent)).toEqual([10, 20, 30, 40, 50, 60]);
    const chunks = [
      ['PLTE', bytes(1, 2, 3, 250, 251, 252)],
      ['tRNS', bytes(0, 255)],
    ] as const;
    expect(await pixelsOf(pngOfLines(2, [bytes(0, 1)], { type: 3, chunks }))).toEqual([1, 2, 3, 250, 251, 252]);
    expect(await pixelsOf(pngOfLines(1, [bytes(1, 0, 0x80, 0xff, 0xff, 0xff)], { depth: 16 }))).toEqual([1, 128, 255]);
    const withGamma = pngOfLines(1, [bytes(10, 100, 200)], { chunks: [['gAMA', bytes(0, 0, 0x4e, 0x20)]] });
    expect(await pixelsOf(withGamma)).toEqual([10, 100, 200]);
  });

  it('is turned as EXIF says', async () => {
    const lossless = await raw.clone().webp({ lossless: true }).withMetadata({ orientation: 6 }).toBuffer();
    const { pixels, width, height } = await decodeImage(lossless);
    expect([width, height]).toEqual([5, 7]);
    // A quarter turn clockwise: what was below on the left is above on the left.
    expect([...pixels.subarray(0, 3)]).toEqual([...image.pixels.subarray(3 * 4 * 7, 3 * 4 * 7 + 3)]);
  });

  it('comes at once, too', () => {
    expect(decodeImageSync(png)).toEqual(image);
    expect(decodeImageSync(pngOf(randomImage(3, 2, 5)))).toEqual(randomImage(3, 2, 5));
    expect(() => decodeImageSync(png.subarray(0, 60))).toThrow(/^a damaged PNG image/);
    expect(decodeImageSync(png)).toEqual(image);
  });

  it('that is none is an error', async () => {
    const messageOf = async (given: Uint8Array, mostPixels?: number): Promise<string> =>
      (await errorOf(() => decodeImage(given, { mostPixels }))).message;
    expect(await messageOf(bytes())).toBe('the file is empty');
    expect(await messageOf(Buffer.from('no image at all'))).toBe('not a PNG, JPEG, WebP or GIF image');
    expect(await messageOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))).toMatch(
      /not a/,
    );
    expect(await messageOf(png.subarray(0, png.length - 40))).toMatch(/^a damaged PNG image \(/);
    const photo = await sharp(randomImage(64, 64, 3).pixels, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    expect(await messageOf(photo.subarray(0, photo.length / 2))).toMatch(/^a damaged JPEG image \(/);
    expect(await messageOf(png, 34)).toBe('an image of 7 × 5 pixels; at most 34 are read');
    // A few bytes that claim 3.6 gigapixels.
    const bomb = pngOfLines(60_000, [bytes(0)]);
    bomb.writeUInt32BE(60_000, 20);
    expect(await messageOf(bomb)).toMatch(/^(an image of 60000 × 60000 pixels; at most 89,478,485|a damaged PNG)/);
  });
});

describe('where images are', () => {
  const folder = scratchFolder();
  writeFileSync(join(folder, 'x.png'), png);

  it('is a path, a data: URL, or bytes', async () => {
    const url = dataUrlOf(image);
    const percent = `data:image/png,${[...png].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')}`;
    for (const source of [join(folder, 'x.png'), url, percent, png]) {
      expect(loadImageSync(source)).toEqual(image);
      expect(await decodeImage(await readImageBytes(source))).toEqual(image);
    }
    expect(await decodeImage(await readImageBytes('x.png', folder))).toEqual(image);
  });

  it('or an error that names it', async () => {
    expect(() => loadImageSync('nowhere.png')).toThrow('nowhere.png: no such file or folder');
    expect(() => loadImageSync('https://example.com/x.png')).toThrow(
      'https://example.com/x.png: images are not fetched',
    );
    expect(() => loadImageSync('data:image/png;base64')).toThrow(/without a comma/);
    expect(() => loadImageSync(Buffer.from('text'))).toThrow('bytes: not a PNG, JPEG, WebP or GIF image');
    expect((await errorOf(() => readImageBytes('y.png', folder))).message).toBe('y.png: no such file or folder');
  });
});

describe('parts of an image', () => {
  const small = { pixels: Uint8Array.from({ length: 3 * 4 * 3 }, (_, i) => 1 + i), width: 4, height: 3 };
  const reds = ({ pixels }: { pixels: Uint8Array }): number[] => [...pixels].filter((_, i) => i % 3 === 0);

  it('are cut out, with black where there is none', () => {
    expect(reds(cropped(small, { left: 1, top: 1, width: 2, height: 2 }))).toEqual([16, 19, 28, 31]);
    expect(reds(cropped(small, { left: -1, top: 2, width: 3, height: 2 }))).toEqual([0, 25, 28, 0, 0, 0]);
    expect(reds(cropped(small, { left: 9, top: 9, width: 2, height: 1 }))).toEqual([0, 0]);
    expect(reds(centerCropped(small, { width: 2, height: 1 }))).toEqual([16, 19]);
    expect(reds(flipped(small)).slice(0, 4)).toEqual([10, 7, 4, 1]);
  });
});
