/**
 * Folders of images as Hugging Face's `imagefolder` has them: `label/x.png`, or a `metadata.jsonl` (.csv, .parquet) whose
 * `file_name` is relative to it and whose other columns belong to the image.
 */
import { basename, dirname, join, sep } from 'node:path';
import { glob } from 'tinyglobby';

const IMAGES = /\.(png|jpe?g|webp|gif)$/i;
const METADATA = /^metadata\.(jsonl|csv|parquet)$/i;

export const isImageFile = (path: string): boolean => IMAGES.test(path);

export interface ImageFolder {
  /** Tables of what is known of the images at their side and below. */
  tables: string[];
  /** Images that no table is above, each with the name of the folder that it is in, where that is not the one given. */
  images: { path: string; label?: string }[];
  /** Of each table the images at its side and below. */
  described: Map<string, string[]>;
}

/** @returns undefined for a folder without images */
export async function findImageFolder(folder: string): Promise<ImageFolder | undefined> {
  const files = (await glob('**/*', { cwd: folder, dot: false })).sort().map(file => join(folder, file));
  const found = files.filter(isImageFile);
  if (found.length === 0) return undefined;
  const tables = files.filter(file => METADATA.test(basename(file)));
  const described = new Map(tables.map(table => [table, [] as string[]]));
  const images: ImageFolder['images'] = [];
  for (const path of found) {
    // The nearest one, where folders inside have tables of their own.
    const table = tables.filter(one => path.startsWith(join(dirname(one), sep))).sort((a, b) => b.length - a.length)[0];
    if (table !== undefined) described.get(table)!.push(path);
    else images.push({ path, ...(dirname(path) !== join(folder) && { label: basename(dirname(path)) }) });
  }
  return { tables, images, described };
}
