/**
 * Rows of images: from tables with a column of paths, bytes or `data:` URLs, from folders, from MNIST's and CIFAR-10's files.
 * Each image is decoded once, when it is read, so that a damaged one is found before anything is trained; what is kept is
 * what `prepare` makes of it, at the size that the model reads.
 */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { UserError, usageError } from '../../support/errors.ts';
import { decodeImage } from '../images/decode.ts';
import { packedKindOf, readPackedImages } from '../images/packed-images.ts';
import type { RgbImage } from '../images/rgb-image.ts';
import { nameOfSource, readImageBytes } from '../images/source.ts';
import { findInputs, type InputFile } from '../readers/inputs.ts';
import type { Dataset } from './dataset.ts';
import { type FileRowsOptions, fileRows } from './file-rows.ts';
import { findImageFolder, isImageFile } from './image-folder.ts';
import type { Rows } from './rows.ts';

export interface ReadImageOptions extends FileRowsOptions {
  needed?: readonly ('text' | 'label')[];
  /** What of an image is kept. Default: all of it. */
  prepare?: (image: RgbImage) => RgbImage;
  /** Throws a `UserError` for a label that the model has not. */
  checkLabel?: (label: number | string) => void;
}

export interface ImageRows extends Dataset<Rows['image']> {
  /** Bad rows that were left out. */
  readonly bad: number;
}

/** An image that is not decoded yet. */
interface Entry {
  /** Where it is named, or is itself. */
  where: string;
  /** Errors say which image it is, where that is not what `where` says. */
  load(): Promise<RgbImage>;
  text?: string;
  label?: number | string;
  /** What is wrong before it is decoded. */
  problem?: string;
}

/** Images that are decoded at once, by threads of their own. */
const TOGETHER = 16;

/**
 * @param paths files, folders and globs
 * @throws UserError that names the file and the row, for an image that cannot be read and a label that the model has not
 */
export async function readImageRows(paths: readonly string[], options: ReadImageOptions = {}): Promise<ImageRows> {
  const { skipBad = false, prepare = image => image } = options;
  const rows: Rows['image'][] = [];
  let bad = 0;
  const hash = createHash('sha256');
  const read = async (entry: Entry): Promise<Rows['image'] | UserError> => {
    try {
      return await rowOf(entry, options, prepare);
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
  };
  const add = async (entries: readonly Entry[]): Promise<void> => {
    for (const row of await Promise.all(entries.map(read))) {
      if (row instanceof UserError) {
        if (!skipBad) throw row;
        bad++;
        continue;
      }
      const { pixels, ...rest } = row;
      hash.update(JSON.stringify(rest)).update(pixels);
      rows.push(row);
    }
  };
  let waiting: Entry[] = [];
  const onBad = (count: number): void => {
    bad += count;
  };
  for await (const entry of entriesOf(paths, options, onBad)) {
    if (waiting.push(entry) < TOGETHER) continue;
    await add(waiting);
    waiting = [];
  }
  await add(waiting);
  if (rows.length === 0) {
    throw new UserError('TSLM_BAD_ROW', `${paths.join(', ')}: there is no image`, {
      hint: 'give a table with a column of images, a folder of them, or files of MNIST or CIFAR-10 (docs/DATA.md)',
    });
  }
  return { length: rows.length, row: index => rows[index], fingerprint: hash.digest('hex'), bad };
}

async function rowOf(
  { where, load, text, label, problem }: Entry,
  { needed = [], checkLabel }: ReadImageOptions,
  prepare: (image: RgbImage) => RgbImage,
): Promise<Rows['image']> {
  const given = { text, label };
  const missing = needed.find(name => given[name] === undefined);
  const why = problem ?? (missing === undefined ? undefined : `the image has no ${missing}`);
  if (why !== undefined) throw badImageRow(`${where}: ${why}`);
  try {
    if (label !== undefined) checkLabel?.(label);
    const image = prepare(await load());
    return { ...image, ...(text !== undefined && { text }), ...(label !== undefined && { label }) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, hint, exitCode } = error;
    throw new UserError(code, `${where}: ${error.message}`, {
      hint: hint === undefined ? SKIP : `${hint}; or ${SKIP}`,
      exitCode,
      cause: error,
    });
  }
}

const SKIP = 'leave bad rows out and count them: data.skipBad=true';
const badImageRow = (message: string): UserError => new UserError('TSLM_BAD_ROW', message, { hint: SKIP });

async function* entriesOf(
  paths: readonly string[],
  options: ReadImageOptions,
  onBad: (count: number) => void,
): AsyncGenerator<Entry> {
  for (const path of paths) {
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory();
    const folder = isFolder ? await findImageFolder(path) : undefined;
    if (!folder) {
      yield* entriesOfFiles(await findInputs([path]), options, onBad);
      continue;
    }
    for (const { path: file, label } of folder.images)
      yield { ...fileEntry(file), ...(label !== undefined && { label }) };
    const columns = { ...options.columns, image: options.columns?.image ?? 'file_name' };
    for (const table of folder.tables) {
      const named = new Set<string>();
      const inputs = await findInputs([table]);
      for await (const entry of tableEntries(inputs, { ...options, columns }, onBad, named)) yield entry;
      for (const file of folder.described.get(table)!) {
        if (named.has(resolve(file))) continue;
        yield { ...fileEntry(file), problem: `${relative(dirname(file), table)} does not name it` };
      }
    }
  }
}

const fileEntry = (path: string): Entry => ({
  where: path,
  load: async () => await decodeImage(await readImageBytes(path)),
});

async function* entriesOfFiles(
  files: readonly InputFile[],
  options: ReadImageOptions,
  onBad: (count: number) => void,
): AsyncGenerator<Entry> {
  const hasImages = files.some(({ path }) => packedKindOf(path) === 'idx');
  for (const file of files) {
    const kind = packedKindOf(file.path);
    if (kind === 'idx-labels') {
      if (hasImages || files.length > 1) continue;
      throw usageError(
        'TSLM_BAD_INPUT',
        `${file.path}: labels without images`,
        "give the file of the images: the labels' is found beside it",
      );
    }
    if (isImageFile(file.path)) {
      yield { ...fileEntry(file.path), label: basename(dirname(resolve(file.path))) };
      continue;
    }
    if (kind === undefined) {
      yield* tableEntries([file], options, onBad);
      continue;
    }
    const { length, image, labels } = await readPackedImages(file.path);
    for (let index = 0; index < length; index++) {
      const where = `${file.path}: row ${index + 1}`;
      yield { where, load: async () => image(index), ...(labels && { label: labels[index] }) };
    }
  }
}

/** @param named takes the whole path of each image that a table names */
async function* tableEntries(
  files: readonly InputFile[],
  options: ReadImageOptions,
  onBad: (count: number) => void,
  named?: Set<string>,
): AsyncGenerator<Entry> {
  for await (const { row, path, number } of fileRows('image', files, options, onBad)) {
    const { image, ...known } = row as { image: { path?: string; base64?: string }; text?: string; label?: string };
    const { path: file, base64 } = image;
    const source = base64 === undefined ? file! : Buffer.from(base64, 'base64');
    const name = file === undefined ? nameOfSource(source) : nameOfSource(file);
    if (file !== undefined) named?.add(resolve(dirname(path), file));
    const load = (): Promise<RgbImage> => namedImage(source, dirname(path), name);
    yield { where: `${path}: row ${number}`, load, ...known };
  }
}

async function namedImage(source: string | Uint8Array, folder: string, name: string): Promise<RgbImage> {
  const bytes = await readImageBytes(source, folder);
  try {
    return await decodeImage(bytes);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.code, `${name}: ${error.message}`, error);
  }
}
