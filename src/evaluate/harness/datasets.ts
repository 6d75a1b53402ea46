/**
 * The documents of a task, from files on this machine: what the library `datasets` makes of JSON, JSON Lines, CSV and text
 * (`dataset_path: json`, `csv`, `text` with `data_files`), and data known by a name that `--data-map` says the place of.
 * Nothing is fetched.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { globSync } from 'tinyglobby';
import { z } from 'zod';
import { namingFile, UserError, usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import { parseOptions } from '../../support/schema.ts';
import { unified } from './columns.ts';
import { csvRows } from './csv-rows.ts';
import { parseJson } from './json-rows.ts';

/** A row: columns with JSON's values, whole floats as `Float`. */
export type Doc = Record<string, unknown>;

export interface Splits {
  /** Documents by split. */
  docs: ReadonlyMap<string, readonly Doc[]>;
  /** The files that were read. */
  files: readonly string[];
}

/** Name of data → file or folder; `*` → a folder with one for each name. */
export type DataMap = Readonly<Record<string, string>>;

const files = z.union([z.string(), z.array(z.string())]);
const dataKwargs = z.strictObject({
  data_files: z.union([files, z.record(z.string(), files)]).optional(),
  data_dir: z.string().optional(),
  /** Of a JSON file: the member that holds the rows. */
  field: z.string().optional(),
  /** Of text: what a document is. */
  sample_by: z.enum(['line', 'paragraph', 'document']).default('line'),
  /** Of text: lines keep their line break. */
  keep_linebreaks: z.boolean().default(false),
  /** Of CSV. */
  delimiter: z.string().optional(),
  sep: z.string().optional(),
  names: z.array(z.string()).optional(),
  column_names: z.array(z.string()).optional(),
  /** 0: the first line names the columns, in the place of which `names` may stand; null: no line does. */
  header: z.literal(0).nullish(),
  /** 3: quotation marks are characters as others are. */
  quoting: z.union([z.literal(0), z.literal(3)]).optional(),
  /** Whether words such as NA mean that nothing is there. */
  keep_default_na: z.boolean().default(true),
  /** Ours: columns from text files whose lines belong together, by split: `{test: {en: val.en.gz, de: val.de.gz}}`. */
  line_files: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  /** Says nothing here: no code is ever loaded. */
  trust_remote_code: z.boolean().optional(),
});
type DataKwargs = z.output<typeof dataKwargs>;
type Format = 'json' | 'csv' | 'text';
const FORMATS: readonly string[] = ['json', 'csv', 'text'];

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
    const rows = paths.map(path => rowsOf(path, format ?? formatOf(path), options));
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

const formatOf = (path: string): Format =>
  /\.(csv|tsv)(\.gz)?$/.test(path) ? 'csv' : /\.txt(\.gz)?$/.test(path) ? 'text' : 'json';

function rowsOf(path: string, format: Format, options: DataKwargs): Doc[] {
  const text = textOf(path);
  if (format === 'text') return textRows(text, options);
  if (format === 'csv') {
    const delimiter = options.delimiter ?? options.sep ?? (/\.tsv(\.gz)?$/.test(path) ? '\t' : ',');
    const names = options.names ?? options.column_names;
    const hasHeader = options.header === undefined ? names === undefined : options.header === 0;
    const { quoting, keep_default_na: hasNulls } = options;
    return csvRows(text, path, { delimiter, names, hasHeader, hasQuotes: quoting !== 3, hasNulls });
  }
  return jsonRows(text, path, options.field);
}

/** Text of a file, unpacked where its first bytes say that it is packed. */
function textOf(path: string): string {
  const bytes = namingFile(path, () => readFileSync(path));
  const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isPacked ? gunzipSync(bytes) : bytes).toString('utf8').replace(/^\ufeff/, '');
}

function jsonRows(text: string, path: string, field: string | undefined): Doc[] {
  const begin = text.trimStart()[0];
  if (field !== undefined || begin === '[') {
    const whole = parseJson(text, path);
    const rows = field === undefined ? whole : (whole as Record<string, unknown>)[field];
    return Array.isArray(rows)
      ? rows.map((row, i) => requireRow(row, `${path}: row ${i + 1}`))
      : columnsAsRows(rows, `${path}: ${field}`);
  }
  const lines = text.split('\n');
  const isLines = lines.every(line => line.trim() === '' || /^\s*\{[\s\S]*\}\s*$/.test(line));
  if (!isLines) return [requireRow(parseJson(text, path), path)];
  return lines.flatMap((line, i) =>
    line.trim() === '' ? [] : [requireRow(parseJson(line, `${path}, line ${i + 1}`), `${path}, line ${i + 1}`)],
  );
}

function requireRow(value: unknown, where: string): Doc {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Doc;
  throw new UserError('TSLM_BAD_ROW', `${where}: a row is to be an object`, {
    hint: 'use dataset_kwargs.field for rows inside of an object',
  });
}

/** `{a: [1, 2], b: [3, 4]}`, another way to write rows. */
function columnsAsRows(value: unknown, where: string): Doc[] {
  const columns = Object.entries(requireRow(value, where));
  if (!columns.every(([, list]) => Array.isArray(list))) return [requireRow(value, where)];
  const length = Math.max(...columns.map(([, list]) => (list as unknown[]).length));
  return Array.from({ length }, (_, i) =>
    Object.fromEntries(columns.map(([key, list]) => [key, (list as unknown[])[i]])),
  );
}

function textRows(text: string, { sample_by: by, keep_linebreaks: keeps }: DataKwargs): Doc[] {
  const whole = text.replace(/\r\n?/g, '\n');
  if (by === 'document') return [{ text: whole }];
  if (by === 'paragraph') return whole.split('\n\n').flatMap(part => (part === '' ? [] : [{ text: part }]));
  const lines = linesOf(whole);
  const isLast = (i: number): boolean => i === lines.length - 1 && !whole.endsWith('\n');
  return lines.map((line, i) => ({ text: keeps && !isLast(i) ? `${line}\n` : line }));
}

/** Empty lines are lines; the last line break ends one. */
function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
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
