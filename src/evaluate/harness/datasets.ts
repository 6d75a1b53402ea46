/**
 * The documents of a task, from files on this machine: what the library `datasets` makes of JSON, JSON Lines, CSV and text
 * (`dataset_path: json`, `csv`, `text` with `data_files`), and data known by a name that `--data-map` says the place of.
 * Nothing is fetched.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { globSync } from 'tinyglobby';
import { UserError, usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { parseOptions } from '../../support/schema.ts';
import { unified } from './columns.ts';
import { type DataKwargs, type Doc, dataKwargs, FORMATS, type Format, linesOf, rowsOf, textOf } from './data-files.ts';

export type { Doc } from './data-files.ts';

export interface Splits {
  /** Documents by split. */
  docs: ReadonlyMap<string, readonly Doc[]>;
  /** The files that were read. */
  files: readonly string[];
}

/** Name of data → file or folder; `*` → a folder with one for each name. */
export type DataMap = Readonly<Record<string, string>>;

export interface DataSource {
  path: string | undefined;
  name?: string;
  kwargs?: unknown;
  /** The task file, for errors. */
  where: string;
}

/**
 * @param dataMap by `dataset_path`, or by `dataset_path/dataset_name`
 * @throws UserError that names task and file: for data that is not on this machine, and files that cannot be read
 */
export function loadDataset({ path, name, kwargs, where }: DataSource, dataMap: DataMap = {}): Splits {
  if (path === undefined)
    throw usageError('TSLM_NO_DATA', `${where}: 'dataset_path' is missing`, 'json, csv, text or a name');
  const options = parseOptions(dataKwargs, kwargs ?? {}, `${where}: dataset_kwargs`);
  const place = placeOf(path, name, dataMap);
  if (place) return fromPlace(place, name, options, where);
  if (FORMATS.includes(path)) return fromFiles(groupsOf(options, where), path as Format, options, '', where);
  const names = Object.keys(dataMap);
  const guess = nearest(path, names);
  throw new UserError('TSLM_NO_DATA', `${where}: the data '${path}' is not on this machine`, {
    hint: guess ? `--data-map has '${guess}'` : `say where it lies: --data-map ${path}=FOLDER`,
    exitCode: 2,
  });
}

/** By its whole name, by that of its path, or as a folder in the one called `*`. */
function placeOf(path: string, name: string | undefined, dataMap: DataMap): string | undefined {
  const own = name === undefined ? undefined : dataMap[`${path}/${name}`];
  if (own ?? dataMap[path]) return own ?? dataMap[path];
  const inside = dataMap['*'] === undefined || FORMATS.includes(path) ? undefined : join(dataMap['*'], path);
  return inside !== undefined && existsSync(inside) ? inside : undefined;
}

/** Data in a file or folder that the user names. */
function fromPlace(place: string, name: string | undefined, options: DataKwargs, where: string): Splits {
  if (!existsSync(place))
    throw new UserError('TSLM_NO_DATA', `${where}: ${place}: no such file or folder`, {
      hint: 'check --data-map',
      exitCode: 2,
    });
  if (options.line_files) return fromLines(place, options.line_files, where);
  if (options.data_files) return fromFiles(groupsOf(options, where), undefined, options, place, where);
  const found = statSync(place).isFile() ? [place] : filesBelow(place, name);
  if (found.length === 0) {
    throw new UserError(
      'TSLM_NO_DATA',
      `${where}: ${place}: there is no data${name === undefined ? '' : ` called '${name}'`} in this folder`,
      {
        hint: 'files are .jsonl, .json, .csv, .tsv or .txt, packed or not, and named after their split or the data set',
      },
    );
  }
  const groups = new Map<string, string[]>();
  for (const path of found) groups.set(splitOf(path), [...(groups.get(splitOf(path)) ?? []), path]);
  return fromFiles(groups, undefined, options, '', where);
}

/** Those of a folder with the data's name, or else what the files called `name` are. */
function filesBelow(folder: string, name: string | undefined): string[] {
  const inside = name === undefined ? folder : join(folder, name);
  if (existsSync(inside) && statSync(inside).isDirectory()) return dataFiles(inside);
  return dataFiles(folder).filter(path => stem(path) === name);
}

const dataFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter(file => /\.(jsonl|json|csv|tsv|txt)(\.gz)?$/.test(file))
    .sort()
    .map(file => join(folder, file));

const stem = (path: string): string => basename(path).replace(/\.(jsonl|json|csv|tsv|txt)(\.gz)?$/, '');

/** As `datasets` reads names of files. */
function splitOf(path: string): string {
  const words = stem(path)
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some(word => ['test', 'testing', 'eval', 'evaluation'].includes(word))) return 'test';
  return words.some(word => ['validation', 'valid', 'val', 'dev'].includes(word)) ? 'validation' : 'train';
}

function groupsOf({ data_files: given, data_dir: folder = '' }: DataKwargs, where: string): Map<string, string[]> {
  if (given === undefined)
    throw usageError('TSLM_NO_DATA', `${where}: 'dataset_kwargs.data_files' is missing`, 'name the files');
  const bySplit = typeof given === 'string' || Array.isArray(given) ? { train: given } : given;
  return new Map(
    Object.entries(bySplit).map(([split, paths]) => [split, [paths].flat().map(path => join(folder, path))]),
  );
}

function fromFiles(
  groups: ReadonlyMap<string, readonly string[]>,
  format: Format | undefined,
  options: DataKwargs,
  folder: string,
  where: string,
): Splits {
  const docs = new Map<string, readonly Doc[]>();
  const read: string[] = [];
  for (const [split, patterns] of groups) {
    const paths = patterns.flatMap(pattern => expanded(join(folder, pattern), where));
    read.push(...paths);
    const rows = paths.map(path => rowsOf(path, options, format));
    requireSameColumns(paths, rows);
    docs.set(split, unified(rows.flat()));
  }
  return { docs, files: read };
}

/** A glob's files in order, or the one file. */
function expanded(pattern: string, where: string): string[] {
  const found = existsSync(pattern) ? [pattern] : globSync(pattern, { expandDirectories: false }).sort();
  if (found.length > 0) return found;
  throw new UserError('TSLM_NO_DATA', `${where}: ${pattern}: no such file`, {
    hint: 'check data_files, or say where the data lies with --data-map',
  });
}

/** Files of one split have the same columns. */
function requireSameColumns(paths: readonly string[], rows: readonly (readonly Doc[])[]): void {
  const columns = rows.map(own => [...new Set(own.flatMap(row => Object.keys(row)))].sort().join(', '));
  const other = columns.findIndex(names => names !== columns[0]);
  if (other > 0) {
    throw new UserError(
      'TSLM_COLUMNS',
      `${paths[other]}: its columns are ${columns[other]}, those of ${paths[0]} are ${columns[0]}`,
      {
        hint: 'files of one split need the same columns',
      },
    );
  }
}

function fromLines(folder: string, bySplit: Record<string, Record<string, string>>, where: string): Splits {
  const docs = new Map<string, readonly Doc[]>();
  const read: string[] = [];
  for (const [split, columns] of Object.entries(bySplit)) {
    const lists = Object.entries(columns).map(([name, file]) => {
      const [path] = expanded(join(folder, file), where);
      read.push(path);
      return { name, path, lines: linesOf(textOf(path)) };
    });
    const other = lists.find(({ lines }) => lines.length !== lists[0].lines.length);
    if (other) {
      throw new UserError(
        'TSLM_COLUMNS',
        `${other.path} has ${other.lines.length} lines, ${lists[0].path} has ${lists[0].lines.length}`,
        {
          hint: 'lines of the same number belong together',
        },
      );
    }
    docs.set(
      split,
      lists[0].lines.map((_, i) => Object.fromEntries(lists.map(({ name, lines }) => [name, lines[i]]))),
    );
  }
  return { docs, files: read };
}
