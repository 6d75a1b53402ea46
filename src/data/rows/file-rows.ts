/**
 * The rows of files one after the other, each with where it stands: JSON Lines, JSON, CSV, TSV, Parquet, Arrow, packed or not. A
 * row that is not what it should be is an error that names file and line, or is passed over and counted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, UserError } from '../../support/errors.ts';
import type { Chunk } from '../readers/chunk.ts';
import { newFacts, type SourceFacts } from '../readers/facts.ts';
import { type FieldReader, type FieldText, noColumn } from '../readers/fields.ts';
import type { InputFile } from '../readers/inputs.ts';
import { readChunks } from '../readers/read.ts';
import { columnsOf, type FileRowKind, rowReader } from './columns.ts';

export interface FileRowsOptions {
  /** What the columns are called in the files: `{ source: 'en', target: 'de' }`. Default: their own names. */
  columns?: Readonly<Record<string, string>>;
  /** Leave bad rows out. Default false: the first is an error. */
  skipBad?: boolean;
  /** Columns that rows may lack otherwise. */
  needed?: readonly string[];
}

/** Of files of rows: records are not cut, and have their columns in the first line where they have no names of their own. */
export const ROW_READING = {
  column: 'text',
  header: true,
  document: 'line',
  maxDocumentBytes: 1 << 28,
  exact: true,
  encoding: 'auto',
} as const;

export interface FileRow {
  row: Record<string, unknown>;
  path: string;
  /** From 1, in its file. */
  number: number;
  /** Which of the shapes that rows of the kind may have in files. */
  shape?: string;
}

/**
 * @param onBad told of rows that were left out
 * @throws UserError that names the file and the row, when a column is missing or has no text in it
 */
export async function* fileRows(
  kind: FileRowKind,
  files: readonly InputFile[],
  { columns = {}, skipBad = false, needed = [] }: FileRowsOptions,
  onBad: (count: number) => void,
): AsyncGenerator<FileRow> {
  refuseUnknown(kind, columns);
  const facts = files.map(({ path, size }) => newFacts(path, size));
  const reader = textReader(kind, columns, needed);
  const temporaryFolder = mkdtempSync(join(tmpdir(), 'tslm-rows-'));
  const options = { ...ROW_READING, temporaryFolder, fields: reader };
  try {
    for await (const chunk of readChunks(files, facts, options)) {
      for (const { number, result, record } of recordsOf(chunk, reader, facts[chunk.source])) {
        if (result.text !== undefined) {
          const [place, row, shape] = JSON.parse(result.text) as [number, Record<string, unknown>, string | null];
          yield { row, path: chunk.path, number: place, shape: shape ?? undefined };
          continue;
        }
        if (number === 1 && result.missing !== undefined && record)
          throw noColumn(result.missing, record, chunk.path, HINTS[kind] ?? HINT);
        if (!skipBad) throw badRow(`${chunk.path}: row ${number}: ${result.problem}`);
        onBad(1);
      }
    }
  } finally {
    rmSync(temporaryFolder, { recursive: true, force: true });
  }
  for (const { path, failure, badRecords, badExamples } of facts) {
    if (failure) throw new UserError(failure.code, failure.message, failure);
    if (badRecords > 0 && !skipBad) throw badRow(`${path}: row ${badExamples[0].line}: ${badExamples[0].problem}`);
    onBad(badRecords);
  }
}

const HINT = 'say which column it is: data.columns.source=en';
const HINTS: Partial<Record<FileRowKind, string>> = { image: 'say which column it is: data.columns.image=file' };

export const badRow = (message: string): UserError =>
  new UserError('TSLM_BAD_ROW', message, {
    hint: 'repair it, or leave bad rows out and count them: data.skipBad=true',
  });

function refuseUnknown(kind: FileRowKind, columns: Readonly<Record<string, string>>): void {
  const known = columnsOf(kind);
  const unknown = Object.keys(columns).find(name => !known.includes(name));
  if (unknown === undefined) return;
  throw new UserError('TSLM_BAD_VALUE', `data.columns: rows of the kind '${kind}' have no column '${unknown}'`, {
    hint: `they have ${known.join(', ')}`,
    exitCode: 2,
  });
}

/** The columns of a record as the JSON text of its number and its row. */
function textReader(
  kind: FileRowKind,
  columns: Readonly<Record<string, string>>,
  needed: readonly string[],
): FieldReader {
  const { paths, optionalPaths, every, read } = rowReader(kind, columns, needed);
  return {
    paths,
    optionalPaths,
    every,
    hasBytes: kind === 'image',
    read(record, number) {
      const found = read(record);
      return found.row === undefined
        ? found
        : { text: JSON.stringify([number, found.row, found.shape ?? null], plainNumbers) };
    },
  };
}

/** Tables have whole numbers of 64 bits. */
export const plainNumbers = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? Number(value) : value;

interface Read {
  /** From 1, in its file. */
  number: number;
  result: FieldText;
  record?: object;
}

function* recordsOf({ layout, bytes, ends }: Chunk, reader: FieldReader, facts: SourceFacts): Generator<Read> {
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('utf8');
  if (layout === 'packed') {
    // Readers of tables count their records themselves, bad ones too.
    for (const [i, end] of ends!.entries()) {
      yield { number: i + 1, result: { text: text(i === 0 ? 0 : ends![i - 1], end) } };
    }
    return;
  }
  if (layout !== 'json' && layout !== 'json-packed') {
    throw new UserError(
      'TSLM_NO_ROWS',
      `${facts.path}: rows are read from .jsonl, .json, .csv, .tsv, .parquet and .arrow`,
    );
  }
  const pieces =
    layout === 'json'
      ? text(0, bytes.length).split('\n')
      : Array.from(ends!, (end, i) => text(i === 0 ? 0 : ends![i - 1], end));
  for (const piece of pieces) {
    if (layout === 'json' && piece.trim() === '') continue;
    yield parsed(piece, reader, ++facts.records);
  }
}

function parsed(json: string, reader: FieldReader, number: number): Read {
  try {
    const record: unknown = JSON.parse(json);
    if (typeof record !== 'object' || record === null) return { number, result: { problem: 'no JSON object' } };
    return { number, result: reader.read(record, number), record };
  } catch (error) {
    return { number, result: { problem: `no JSON: ${messageOf(error)}` } };
  }
}
