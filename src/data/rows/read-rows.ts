/**
 * Rows of a kind from files: JSON Lines, JSON, CSV, TSV, Parquet, Arrow, packed or not. A row that is not what it should be is
 * an error that names file and line, or is left out and counted.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, UserError } from '../../support/errors.ts';
import type { Chunk } from '../readers/chunk.ts';
import { newFacts, type SourceFacts } from '../readers/facts.ts';
import { type FieldReader, type FieldText, noColumn } from '../readers/fields.ts';
import { findInputs } from '../readers/inputs.ts';
import { readChunks } from '../readers/read.ts';
import { columnsOf, type FileRowKind, rowReader } from './columns.ts';
import type { Dataset } from './dataset.ts';
import type { Rows } from './rows.ts';

export interface ReadRowsOptions {
  /** What the columns are called in the files: `{ source: 'en', target: 'de' }`. Default: their own names. */
  columns?: Readonly<Record<string, string>>;
  /** Leave bad rows out. Default false: the first is an error. */
  skipBad?: boolean;
}

export interface ReadRows<Kind extends FileRowKind> extends Dataset<Rows[Kind]> {
  /** Bad rows that were left out. */
  readonly bad: number;
  /** What kinds of columns were found, and in how many rows of each file; none where a kind of rows has one alone. */
  readonly found: readonly { path: string; shape: string; rows: number }[];
  /** Where a row is. */
  place(index: number): string;
}

/**
 * @param paths files, folders and globs
 * @throws UserError that names the file and the row, when a column is missing or has no text in it
 */
export async function readRows<Kind extends FileRowKind>(
  kind: Kind,
  paths: readonly string[],
  { columns = {}, skipBad = false }: ReadRowsOptions = {},
): Promise<ReadRows<Kind>> {
  refuseUnknown(kind, columns);
  const files = await findInputs(paths);
  const facts = files.map(({ path, size }) => newFacts(path, size));
  const reader = textReader(kind, columns);
  const rows: Rows[Kind][] = [];
  const places: { source: number; number: number }[] = [];
  const found = new Map<string, { path: string; shape: string; rows: number }>();
  let bad = 0;
  /** Records that the reader has seen one by one, of files that are no tables. */
  let single = 0;
  /** Records before those of a table: the reader counts them all. */
  const before = (source: number): number =>
    files.slice(0, source).reduce((sum, { format }, i) => sum + (isTable(format) ? facts[i].records : 0), single);
  const temporaryFolder = mkdtempSync(join(tmpdir(), 'tslm-rows-'));
  const options = {
    column: 'text',
    header: true,
    document: 'line',
    maxDocumentBytes: 1 << 28,
    exact: true,
    encoding: 'auto',
    temporaryFolder,
    fields: reader,
  } as const;
  try {
    for await (const chunk of readChunks(files, facts, options)) {
      for (const { number, result, record } of recordsOf(chunk, reader, facts[chunk.source])) {
        if (record) single++;
        if (result.text !== undefined) {
          const { row, shape, record: counted } = JSON.parse(result.text) as Packed<Rows[Kind]>;
          rows.push(row);
          const { source, path, layout } = chunk;
          places.push({ source, number: layout === 'packed' ? counted - before(source) : number });
          if (shape !== undefined) {
            const known = found.get(`${path} ${shape}`) ?? { path, shape, rows: 0 };
            found.set(`${path} ${shape}`, { ...known, rows: known.rows + 1 });
          }
          continue;
        }
        if (number === 1 && result.missing !== undefined && record)
          throw noColumn(result.missing, record, chunk.path, HINT);
        if (!skipBad) throw badRow(`${chunk.path}: row ${number}: ${result.problem}`);
        bad++;
      }
    }
  } finally {
    rmSync(temporaryFolder, { recursive: true, force: true });
  }
  for (const { path, failure, badRecords, badExamples } of facts) {
    if (failure) throw new UserError(failure.code, failure.message, failure);
    if (badRecords > 0 && !skipBad) throw badRow(`${path}: row ${badExamples[0].line}: ${badExamples[0].problem}`);
    bad += badRecords;
  }
  if (rows.length === 0) throw badRow(`${paths.join(', ')}: there is no row of the kind '${kind}'`);
  const fingerprint = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  return {
    length: rows.length,
    row: index => rows[index],
    fingerprint,
    bad,
    found: [...found.values()],
    place: index => `${files[places[index].source].path}: row ${places[index].number}`,
  };
}

const isTable = (format: string): boolean => ['csv', 'tsv', 'parquet', 'arrow'].includes(format);

/** A row on its way from its reader, with its shape and its number among all records of tables. */
interface Packed<Row> {
  row: Row;
  shape?: string;
  record: number;
}

const HINT = 'say which column it is: data.columns.source=en';

const badRow = (message: string): UserError =>
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

/** The columns of a record as the JSON text of a row. */
function textReader(kind: FileRowKind, columns: Readonly<Record<string, string>>): FieldReader {
  const { paths, optional, read } = rowReader(kind, columns);
  let records = 0;
  return {
    paths,
    optional,
    read(record) {
      const found = read(record);
      records++;
      return found.row === undefined ? found : { text: JSON.stringify({ ...found, record: records }, plainNumbers) };
    },
  };
}

/** Tables have whole numbers of 64 bits. */
const plainNumbers = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

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
    return { number, result: reader.read(record), record };
  } catch (error) {
    return { number, result: { problem: `no JSON: ${messageOf(error)}` } };
  }
}
