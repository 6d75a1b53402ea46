/**
 * Files of images as RGB, by sharp (libvips over libpng, mozjpeg and libwebp), as Transformers' `load_image` leaves them: turned
 * as EXIF says, transparency and colour profiles left out, of an animation the first picture.
 */
import type { MessagePort } from 'node:worker_threads';
import { messageOf, UserError } from '../../support/errors.ts';
import { type RgbImage, rgbOf } from './rgb-image.ts';

/** Where Pillow warns of a decompression bomb: a quarter of a gigabyte in three channels. */
export const MOST_PIXELS = 89_478_485;

const text = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', from, to);

/** What the first bytes say; undefined for anything that is not read. */
export function imageFormatOf(bytes: Uint8Array): 'png' | 'jpeg' | 'webp' | 'gif' | undefined {
  if (text(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  if (text(bytes, 0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP') return 'webp';
  return /^GIF8[79]a$/.test(text(bytes, 0, 6)) ? 'gif' : undefined;
}

/** The error for bytes that cannot be read as an image; `problem` alone, for whoever names the place. */
export const badImage = (problem: string): UserError =>
  new UserError('TSLM_BAD_IMAGE', problem, { hint: 'PNG, JPEG, WebP and GIF are read' });

/** @throws UserError that says what is wrong and no file */
export async function decodeImage(bytes: Uint8Array, { mostPixels = MOST_PIXELS } = {}): Promise<RgbImage> {
  if (bytes.length === 0) throw badImage('the file is empty');
  const format = imageFormatOf(bytes);
  if (format === undefined) throw badImage('not a PNG, JPEG, WebP or GIF image');
  const { default: sharp } = await import('sharp');
  const options = { failOn: 'error', limitInputPixels: false, ignoreIcc: true } as const;
  try {
    const { width, height } = await sharp(bytes, options).metadata();
    if (width * height > mostPixels) {
      throw badImage(`an image of ${width} × ${height} pixels; at most ${mostPixels.toLocaleString('en')} are read`);
    }
    const { data, info } = await sharp(bytes, options)
      .autoOrient()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return rgbOf(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), info, info.channels);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw badImage(`a damaged ${format.toUpperCase()} image (${messageOf(error).split('\n')[0].trim()})`);
  }
}

/** What the thread of `decodeImageSync` is started with. */
export interface Request {
  port: MessagePort;
  /** int32 [1]: 1 once an answer lies at the port. */
  flag: Int32Array;
}

export type Answer = { image: RgbImage; problem?: undefined } | { image?: undefined; problem: string };
