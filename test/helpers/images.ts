/** Images that nobody has seen before, and files of them that no library of ours has made. */
import { crc32, deflateSync } from 'node:zlib';
import type { RgbImage } from '../../src/data/images/rgb-image.ts';
import { createRandom } from '../../src/support/random.ts';

export function randomImage(width: number, height: number, seed: number): RgbImage {
  const random = createRandom(seed);
  return { pixels: Uint8Array.from({ length: 3 * width * height }, () => random.below(256)), width, height };
}

function chunk(name: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(name), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Bits and meaning of a pixel, as PNG numbers them: 0 grey, 2 RGB, 3 palette, 6 RGB and alpha. */
export interface PngOptions {
  depth?: number;
  type?: number;
  /** Before the pixels. */
  chunks?: readonly (readonly [name: string, content: Uint8Array])[];
}

/** A PNG of lines of bytes as they are. */
export function pngOfLines(
  width: number,
  lines: readonly Uint8Array[],
  { depth = 8, type = 2, chunks = [] }: PngOptions = {},
): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(lines.length, 4);
  head.set([depth, type], 8);
  const raw = Buffer.concat(lines.flatMap(line => [Uint8Array.of(0), line]));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    ...chunks.map(([name, content]) => chunk(name, content)),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export const pngOf = ({ pixels, width, height }: RgbImage): Buffer =>
  pngOfLines(
    width,
    Array.from({ length: height }, (_, y) => pixels.subarray(3 * y * width, 3 * (y + 1) * width)),
  );

export const dataUrlOf = (image: RgbImage): string => `data:image/png;base64,${pngOf(image).toString('base64')}`;
