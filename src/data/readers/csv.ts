/** Reading CSV and TSV. */
import { pipeline, Readable } from 'node:stream';
import { type Info, parse } from 'csv-parse';
import { messageOf, UserError } from '../../support/errors.ts';
import { quoteEscapeOf } from './csv-escape.ts';
import { addBadRecord, type SourceFacts } from './facts.ts';
import { type FieldReader, noColumn } from './fields.ts';
import { peek } from './peek.ts';

/** A quote that is never closed must not swallow a file of any size. */
const MAX_RECORD_CHARACTERS = 1 << 28;
/** Delimiters that are tried where the columns look as if they had another. */
const DELIMITERS = [';', '\t', '|', ','];

export interface CsvOptions {
  fields: FieldReader;
  /** What stands between cells. In tab-separated files quotes are ordinary characters. */
  delimiter: string;
  /** The first record names the columns; without it they are called 1, 2, 3, … */
  header: boolean;
}

/**
 * The texts of the records (RFC 4180, or quotes after a backslash). A record with more cells than the first is bad: a
 * delimiter in it was not quoted, and what it says would be cut.
 * Throws a `UserError` when a column is missing, or when the file ends inside a quote.
 */
export async function* readCsv(
  stream: AsyncIterable<Uint8Array>,
  { fields, delimiter, header }: CsvOptions,
  facts: SourceFacts,
): AsyncGenerator<string> {
  const { beginning, all } = await peek(stream);
  const sample = Buffer.from(beginning).toString('utf8');
  const parser = parse({
    delimiter,
    quote: delimiter === '\t' ? null : '"',
    escape: delimiter === '\t' ? null : quoteEscapeOf(sample, delimiter),
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    info: true,
  });
  // Errors of either reach the loop below, which reads the last stream.
  pipeline(Readable.from(all), parser, () => {});
  let columns: string[] | undefined;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      if (columns === undefined) {
        columns = header ? record.map(name => name.trim()) : record.map((_, i) => String(i + 1));
        requireColumns(fields, columns, delimiter, facts.path);
        if (header) continue;
      }
      facts.records++;
      const problem = surplus(record, columns);
      const result = fields.read(Object.fromEntries(record.map((cell, i) => [columns![i], cell])), facts.records);
      if (problem === undefined && result.text !== undefined) {
        yield result.text;
        continue;
      }
      const reason = problem ?? `${record.length} cells, ${(result as { problem: string }).problem}`;
      addBadRecord(facts, { line: info.lines, problem: reason });
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_')) {
      throw new UserError('TSLM_BAD_CSV', `${facts.path}: ${messageOf(error)}`, {
        hint: 'check the quotes around that line; a file without quoting can be read as .tsv or .txt',
        cause: error,
      });
    }
    throw error;
  }
}

/** Empty cells at the end of a record say nothing. */
function surplus(record: readonly string[], columns: readonly string[]): string | undefined {
  const extra = record.slice(columns.length).findIndex(cell => cell.trim() !== '');
  return extra < 0 ? undefined : `${record.length} cells, the first record has ${columns.length}`;
}

function requireColumns({ paths }: FieldReader, columns: string[], delimiter: string, path: string): void {
  const missing = paths.find(column => !columns.includes(column));
  if (missing === undefined) return;
  const other = DELIMITERS.find(one => one !== delimiter && columns.join(delimiter).split(one).includes(missing));
  const hint =
    other === undefined
      ? 'name it with --column; if the file starts with a record: --no-header --column 1'
      : `is the delimiter another one? --delimiter ${other === '\t' ? 'tab' : `'${other}'`}`;
  const record = Object.fromEntries(columns.map(name => [name, null]));
  throw other === undefined ? noColumn(missing, record, path, hint) : withHint(noColumn(missing, record, path), hint);
}

const withHint = ({ code, message, exitCode }: UserError, hint: string): UserError =>
  new UserError(code, message, { hint, exitCode });
