/**
 * Images that many share a file without compression of their own: MNIST's IDX (LeCun et al. 1998), with the labels in a file beside it, and
 * CIFAR-10's binary records (Krizhevsky 2009). Either may be packed with gzip or Zstandard.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { compressionOf } from '../../support/encoding/compression.ts';
import { readUnpacked } from '../../support/encoding/text-file.ts';
import { UserError } from '../../support/errors.ts';
import { type RgbImage, rgbOf } from './rgb-image.ts';

export interface PackedImages {
  length: number;
  image(index: number): RgbImage;
  /** Their numbers, where there are any. */
  labels?: ArrayLike<number>;
}

const IDX_IMAGES = /images([-.]idx3)?[^/\\]*-ubyte/i;
const IDX_LABELS = /labels([-.]idx1)?[^/\\]*-ubyte/i;

/** What a file's name says that it is; labels are read with their images. */
export function packedKindOf(path: string): 'idx' | 'idx-labels' | 'cifar' | undefined {
  const { plain } = compressionOf(basename(path));
  if (IDX_IMAGES.test(plain)) return 'idx';
  if (IDX_LABELS.test(plain)) return 'idx-labels';
  return plain.endsWith('.bin') ? 'cifar' : undefined;
}

/** @throws UserError when the file is cut short or another one */
export async function readPackedImages(path: string): Promise<PackedImages> {
  return packedKindOf(path) === 'cifar' ? await readCifar(path) : await readIdxImages(path);
}

async function unpacked(path: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of readUnpacked(path, { compression: compressionOf(path).compression })) pieces.push(piece);
  return Buffer.concat(pieces);
}

const damaged = (path: string, what: string): UserError =>
  new UserError('TSLM_BAD_IMAGES', `${path}: ${what}`, {
    hint: 'the file is cut short or another one: fetch it again',
  });

/** IDX: two zeros, the type (8: bytes), the number of dimensions, and each of them in four bytes, the highest first. */
async function readIdx(path: string, dimensions: number): Promise<{ shape: number[]; values: Uint8Array }> {
  const bytes = await unpacked(path);
  const start = 4 + 4 * dimensions;
  if (bytes.length < start || bytes.readUInt32BE(0) !== 0x800 + dimensions) {
    throw damaged(path, `not an IDX file of bytes in ${dimensions} dimension${dimensions > 1 ? 's' : ''}`);
  }
  const shape = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length - start !== size) {
    throw damaged(path, `[${shape.join(', ')}] are ${size} bytes, and there are ${bytes.length - start}`);
  }
  return { shape, values: bytes.subarray(start) };
}

async function readIdxImages(path: string): Promise<PackedImages> {
  const { shape, values } = await readIdx(path, 3);
  const [length, height, width] = shape;
  const labelsPath = labelsBeside(path);
  const labels = labelsPath === undefined ? undefined : (await readIdx(labelsPath, 1)).values;
  if (labels && labels.length !== length) {
    throw damaged(labelsPath!, `${labels.length} labels, and ${path} has ${length} images`);
  }
  const area = height * width;
  return {
    length,
    image: index => rgbOf(values.subarray(index * area, (index + 1) * area), { width, height }, 1),
    labels,
  };
}

/** `train-labels-idx1-ubyte` beside `train-images-idx3-ubyte`, packed or not. */
function labelsBeside(path: string): string | undefined {
  const { plain } = compressionOf(basename(path));
  const name = plain.replace('images', 'labels').replace('idx3', 'idx1');
  return ['', '.gz', '.zst'].map(end => join(dirname(path), name + end)).find(existsSync);
}

const CIFAR_SIDE = 32;
const CIFAR_AREA = CIFAR_SIDE * CIFAR_SIDE;
/** The label, and a plane of each colour. */
const CIFAR_RECORD = 1 + 3 * CIFAR_AREA;

async function readCifar(path: string): Promise<PackedImages> {
  const bytes = await unpacked(path);
  const length = bytes.length / CIFAR_RECORD;
  if (length === 0 || !Number.isInteger(length)) {
    throw damaged(path, `${bytes.length} bytes are no whole number of CIFAR-10's records (${CIFAR_RECORD} bytes each)`);
  }
  return {
    length,
    image(index) {
      const planes = bytes.subarray(index * CIFAR_RECORD + 1, (index + 1) * CIFAR_RECORD);
      const pixels = new Uint8Array(3 * CIFAR_AREA);
      for (let p = 0; p < CIFAR_AREA; p++) {
        for (let channel = 0; channel < 3; channel++) pixels[3 * p + channel] = planes[channel * CIFAR_AREA + p];
      }
      return { pixels, width: CIFAR_SIDE, height: CIFAR_SIDE };
    },
    labels: Uint8Array.from({ length }, (_, index) => bytes[index * CIFAR_RECORD]),
  };
}
