/** How quotes within quotes are written in a CSV file: doubled, as RFC 4180 has it, or after a backslash. */
import { parse } from 'csv-parse/sync';

export type QuoteEscape = '"' | '\\';

/**
 * The way in which more records of the sample have as many cells as the first; doubled quotes when both fit alike.
 *
 * @param sample the beginning of the file
 */
export function quoteEscapeOf(sample: string, delimiter: string): QuoteEscape {
  if (!sample.includes('\\"')) return '"';
  const lines = sample.slice(0, sample.lastIndexOf('\n') + 1 || sample.length);
  return misfits(lines, delimiter, '\\') < misfits(lines, delimiter, '"') ? '\\' : '"';
}

/** The share of records with another number of cells than the first, and of cells that hold what should be outside. */
function misfits(sample: string, delimiter: string, quoteEscape: QuoteEscape): number {
  try {
    const records: string[][] = parse(sample, {
      delimiter,
      escape: quoteEscape,
      relax_quotes: true,
      relax_column_count: true,
      skip_empty_lines: true,
    });
    const width = records[0]?.length ?? 0;
    const odd = records.filter(record => record.length !== width || record.some(cell => /^"|\\$/.test(cell)));
    return odd.length / Math.max(1, records.length);
  } catch {
    return 1;
  }
}
