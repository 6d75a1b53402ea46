/** Files, folders and globs as a list of files. */
import { realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import type { Compression } from '../../support/encoding/compression.ts';
import { explainFileError, UserError, usageError } from '../../support/errors.ts';
import type { SplitName } from '../corpus/corpus-index.ts';
import { type Format, formatOf } from './format.ts';

/** One file to read. */
export interface InputFile {
  /** As the person wrote it, or below the folder that they wrote. */
  path: string;
  format: Format;
  compression: Compression | undefined;
  /** Size on disk, in bytes. */
  size: number;
  /** Named by itself, not found in a folder. */
  named: boolean;
  /** The split that it was given as, whole. */
  split?: SplitName;
}

export interface InputOptions {
  /** Globs, relative to each folder; only these files are read. */
  include?: readonly string[];
  /** Globs, relative to each folder; these files are not read. */
  exclude?: readonly string[];
}

/**
 * The files behind INPUT…: files, folders and globs, in the order given, each folder and glob sorted by path. In folders,
 * files and folders whose name starts with a dot and `node_modules` are passed over, unless the path given is or lies
 * inside one. Symbolic links are followed, as the caches of the hub are made of them; a file that is reached twice is read
 * once. What describes a dataset of Hugging Face beside its `.arrow` files is no text.
 */
export async function findInputs(
  inputs: readonly string[],
  { include = [], exclude = [] }: InputOptions = {},
): Promise<InputFile[]> {
  const found = new Map<string, InputFile>();
  const add = (path: string, named: boolean): void => {
    const key = realpathSync(path);
    if (!found.has(key)) found.set(key, { path, ...formatOf(path), size: statSync(path).size, named });
  };
  for (const input of inputs) {
    const kind = kindOf(input);
    if (kind === 'file') {
      add(input, true);
    } else if (kind === 'folder') {
      const files = await walk(input, include.length > 0 ? include : ['**/*'], exclude);
      if (files.length === 0) {
        const hint = include.length > 0 ? 'check --include and --exclude' : 'hidden files and node_modules are skipped';
        throw usageError('TSLM_NO_INPUT', `${input}: no file to read in this folder`, hint);
      }
      for (const file of files) add(join(input, file), false);
    } else {
      const files = await existing(glob(input, { expandDirectories: false, ignore: [...exclude] }));
      if (files.length === 0) throw usageError('TSLM_NO_INPUT', `${input}: no file matches`, 'check the pattern');
      for (const file of files.sort()) add(file, false);
    }
  }
  return [...found.values()];
}

/** All inputs with the split they were given as: test and validation first. A file is read for the first of them only. */
export async function splitInputs(
  inputs: readonly string[],
  options: InputOptions & { validationInputs: readonly string[]; testInputs: readonly string[] },
): Promise<InputFile[]> {
  const { validationInputs, testInputs } = options;
  const found = [
    ...(await findInputs(testInputs, options)).map(file => ({ ...file, split: 'test' as const })),
    ...(await findInputs(validationInputs, options)).map(file => ({ ...file, split: 'validation' as const })),
    ...(await findInputs(inputs, options)),
  ];
  const seen = new Set<string>();
  return found.filter(({ path }) => seen.size < seen.add(realpathSync(path)).size);
}

function kindOf(input: string): 'file' | 'folder' | 'glob' {
  const stats = statSync(input, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return 'folder';
  if (stats?.isFile()) return 'file';
  if (stats) {
    throw new UserError('TSLM_BAD_INPUT', `${input}: neither a file nor a folder`, {
      hint: 'pipes and devices cannot be read twice; write their content to a file first',
    });
  }
  if (isDynamicPattern(input)) return 'glob';
  throw explainFileError(Object.assign(new Error('missing input'), { code: 'ENOENT' }), input);
}

async function walk(folder: string, include: readonly string[], exclude: readonly string[]): Promise<string[]> {
  const parts = resolve(folder).split(sep);
  const pattern = { cwd: folder, dot: parts.some(part => part.startsWith('.')), expandDirectories: false };
  const ignore = [...exclude, ...(parts.includes('node_modules') ? [] : ['**/node_modules/**'])];
  const files = await existing(glob([...include], { ...pattern, ignore }), folder);
  const withArrow = new Set(files.filter(file => file.endsWith('.arrow')).map(file => dirname(file)));
  return files.filter(file => !isDatasetRecord(file, withArrow)).sort();
}

/** Without links that lead nowhere, or to a file that was found as well. */
async function existing(found: Promise<string[]>, folder = '.'): Promise<string[]> {
  const files = (await found).filter(file => statSync(resolve(folder, file), { throwIfNoEntry: false })?.isFile());
  const real = files.map(file => realpathSync(resolve(folder, file)));
  const root = realpathSync(folder);
  const direct = new Set(real.filter((path, i) => path === resolve(root, files[i])));
  return files.filter((file, i) => !direct.has(real[i]) || real[i] === resolve(root, file));
}

/** `state.json` and `dataset_info.json` beside the `.arrow` files of `save_to_disk`, `dataset_dict.json` above them. */
function isDatasetRecord(file: string, withArrow: ReadonlySet<string>): boolean {
  const folder = dirname(file);
  if (/(^|[\\/])(state|dataset_info)\.json$/.test(file)) return withArrow.has(folder);
  return /(^|[\\/])dataset_dict\.json$/.test(file) && [...withArrow].some(inner => dirname(inner) === folder);
}
