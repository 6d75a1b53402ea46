import { pipeline, Readable } from 'node:stream';
import { type Info, parse } from 'csv-parse';
import { messageOf, UserError } from '../../support/errors.ts';
import { requireColumn } from './column.ts';
import { addBadRecord, type SourceFacts } from './facts.ts';

/** A quote that is never closed must not swallow a file of any size. */
const MAX_RECORD_CHARACTERS = 1 << 28;

export interface CsvOptions {
  column: string;
  delimiter: ',' | '\t';
  /** The first record names the columns; without it they are called 1, 2, 3, … */
  header: boolean;
}

/**
 * The cells of one column (RFC 4180; in tab-separated files quotes are ordinary characters).
 * Throws a `UserError` when there is no such column, or when the file ends inside a quote.
 */
export async function* readCsv(
  stream: AsyncIterable<Uint8Array>,
  { column, delimiter, header }: CsvOptions,
  facts: SourceFacts,
): AsyncGenerator<string> {
  const parser = parse({
    delimiter,
    quote: delimiter === '\t' ? null : '"',
    relax_quotes: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_CHARACTERS,
    info: true,
  });
  // Errors of either reach the loop below, which reads the last stream.
  pipeline(Readable.from(stream), parser, () => {});
  let index = -1;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      if (index < 0) {
        const columns = header ? record.map(name => name.trim()) : record.map((_, i) => String(i + 1));
        requireColumn(
          column,
          columns,
          facts.path,
          'name it with --column; if the file starts with a record: --no-header --column 1',
        );
        index = columns.indexOf(column);
        if (header) continue;
      }
      facts.records++;
      if (index < record.length) yield record[index];
      else addBadRecord(facts, { line: info.lines, problem: `${record.length} cells, no column '${column}'` });
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
