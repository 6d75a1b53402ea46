import { statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { explainFileError, UserError, usageError } from '../../support/errors.ts';
import type { SplitName } from '../corpus-index.ts';
import { type Format, formatOf } from './format.ts';

/** One file to read. */
export interface InputFile {
  /** As the person wrote it, or below the folder that they wrote. */
  path: string;
  format: Format;
  gzip: boolean;
  /** Size on disk, in bytes. */
  size: number;
  /** Named by itself, not found in a folder: then what cannot be read is an error rather than skipped. */
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
 * inside one; symbolic links are not followed. A file that is reached twice is read once.
 */
export async function findInputs(
  inputs: readonly string[],
  { include = [], exclude = [] }: InputOptions = {},
): Promise<InputFile[]> {
  const found = new Map<string, InputFile>();
  const add = (path: string, named: boolean): void => {
    const key = resolve(path);
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
      const files = await glob(input, { followSymbolicLinks: false, expandDirectories: false, ignore: [...exclude] });
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
  return found.filter(({ path }) => seen.size < seen.add(resolve(path)).size);
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
  const files = await glob([...include], {
    cwd: folder,
    dot: parts.some(part => part.startsWith('.')),
    expandDirectories: false,
    followSymbolicLinks: false,
    ignore: [...exclude, ...(parts.includes('node_modules') ? [] : ['**/node_modules/**'])],
  });
  return files.sort();
}
