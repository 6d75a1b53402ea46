/** Where an image is: in a file, in a `data:` URL, or at hand as bytes. */

import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { explainFileError, namingFile, UserError, usageError } from '../../support/errors.ts';
import { badImage } from './decode.ts';
import { decodeImageSync } from './decode-sync.ts';
import type { RgbImage } from './rgb-image.ts';

/** A path, a `data:` URL, or the bytes of a file. */
export type ImageSource = string | Uint8Array;

/** How the source is called in messages: a path as it is, nothing of what is in a URL. */
export const nameOfSource = (source: ImageSource): string =>
  typeof source !== 'string' ? 'bytes' : source.startsWith('data:') ? 'a data: URL' : source;

/**
 * @returns undefined for a path
 * @throws UserError for a URL that leads elsewhere, or is damaged
 */
function bytesAtHand(source: ImageSource): Uint8Array | undefined {
  if (typeof source !== 'string') return source;
  if (/^https?:\/\//i.test(source)) {
    throw usageError(
      'TSLM_BAD_IMAGE',
      `${source}: images are not fetched`,
      'download it, and give the path of the file',
    );
  }
  if (!source.startsWith('data:')) return undefined;
  const [, kind, content] = /^data:([^,]*),(.*)$/s.exec(source) ?? [];
  if (content === undefined) throw badImage('a data: URL without a comma, after which the image stands');
  if (kind.endsWith(';base64')) return Buffer.from(content, 'base64');
  const byteOf = (_: string, hex: string): string => String.fromCharCode(Number.parseInt(hex, 16));
  return Buffer.from(content.replace(/%([\da-f]{2})/gi, byteOf), 'latin1');
}

/**
 * The bytes of an image.
 *
 * @param folder what paths are relative to. Default: the working folder
 * @throws UserError when there is no such file
 */
export async function readImageBytes(source: ImageSource, folder = '.'): Promise<Uint8Array> {
  const held = bytesAtHand(source);
  if (held) return held;
  try {
    return await readFile(resolve(folder, source as string));
  } catch (error) {
    throw explainFileError(error, source as string);
  }
}

/**
 * The image at once, in the calling thread's time.
 *
 * @throws UserError that names the source
 */
export function loadImageSync(source: ImageSource): RgbImage {
  const bytes = bytesAtHand(source) ?? namingFile(source as string, () => readFileSync(source as string));
  return named(source, () => decodeImageSync(bytes));
}

function named<Result>(source: ImageSource, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw error instanceof UserError
      ? new UserError(error.code, `${nameOfSource(source)}: ${error.message}`, error)
      : error;
  }
}
