/** Rows of files: JSON, JSON Lines, CSV and text, packed or not, under the options of the library `datasets`. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { namingFile, UserError } from '../../support/errors.ts';
import { Float } from '../../support/jinja/python/from-js.ts';
import { parseOptions } from '../../support/schema.ts';
import { csvRows } from './csv-rows.ts';
import { parseJson } from './json-rows.ts';

/** A row: columns with JSON's values, whole floats as `Float`. */
export type Doc = Record<string, unknown>;

const files = z.union([z.string(), z.array(z.string())]);
export const dataKwargs = z.strictObject({
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
  /** Ours: `squad` makes a row of each question of SQuAD's JSON, with its passage. */
  layout: z.enum(['rows', 'squad']).default('rows'),
  /** Says nothing here: no code is ever loaded. */
  trust_remote_code: z.boolean().optional(),
});
export type DataKwargs = z.output<typeof dataKwargs>;
export type Format = 'json' | 'csv' | 'text';
export const FORMATS: readonly string[] = ['json', 'csv', 'text'];

const formatOf = (path: string): Format =>
  /\.(csv|tsv)(\.gz)?$/.test(path) ? 'csv' : /\.txt(\.gz)?$/.test(path) ? 'text' : 'json';

/** @param format default as the file's name says */
export function rowsOf(path: string, options: DataKwargs, format: Format = formatOf(path)): Doc[] {
  const text = textOf(path);
  if (format === 'text') return textRows(text, options);
  if (format === 'csv') {
    const delimiter = options.delimiter ?? options.sep ?? (/\.tsv(\.gz)?$/.test(path) ? '\t' : ',');
    const names = options.names ?? options.column_names;
    const hasHeader = options.header === undefined ? names === undefined : options.header === 0;
    const { quoting, keep_default_na: hasNulls } = options;
    return csvRows(text, path, { delimiter, names, hasHeader, hasQuotes: quoting !== 3, hasNulls });
  }
  return options.layout === 'squad' ? squadRows(text, path) : jsonRows(text, path, options.field);
}

/** Text of a file, unpacked where its first bytes say that it is packed. */
export function textOf(path: string): string {
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

const squadFile = z.looseObject({
  data: z.array(
    z.looseObject({
      title: z.string().optional(),
      paragraphs: z.array(
        z.looseObject({
          context: z.string(),
          qas: z.array(
            z.looseObject({
              id: z.union([z.string(), z.number()]),
              question: z.string(),
              answers: z.array(z.looseObject({ text: z.string(), answer_start: z.number().optional() })).default([]),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** `{id, title, context, question, answers: {text, answer_start}}`, as the library `datasets` has SQuAD. */
function squadRows(text: string, path: string): Doc[] {
  const { data } = parseOptions(squadFile, JSON.parse(JSON.stringify(parseJson(text, path), plainFloat)), path);
  return data.flatMap(({ title = '', paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) =>
      qas.map(({ id, question, answers }) => ({
        id: String(id),
        title,
        context,
        question,
        answers: {
          text: answers.map(answer => answer.text),
          answer_start: answers.map(answer => answer.answer_start ?? -1),
        },
      })),
    ),
  );
}

const plainFloat = (_: string, value: unknown): unknown => (value instanceof Float ? value.value : value);

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
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
