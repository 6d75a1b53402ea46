/** CSV as pandas types it: a column of numbers is one of numbers, and some words mean that nothing is there. */
import { parse } from 'csv-parse/sync';
import { messageOf, UserError } from '../../support/errors.ts';
import { wrapFloat } from './python-literals.ts';

export interface CsvOptions {
  /** What stands between cells; default a comma. */
  delimiter?: string;
  /** What the columns are called, in a file that does not say it. */
  columnNames?: readonly string[];
}

const NULLS = new Set(
  ['', '#N/A', '#N/A N/A', '#NA', '-1.#IND', '-1.#QNAN', '-NaN', '-nan', '1.#IND', '1.#QNAN', '<NA>', 'N/A', 'NA', 'NULL', 'NaN'].concat(['None', 'n/a', 'nan', 'null']),
);

/** @throws UserError that names the file and the line */
export function csvRows(text: string, path: string, { delimiter = ',', columnNames }: CsvOptions = {}): Record<string, unknown>[] {
  const records = recordsOf(text, path, delimiter);
  const names = columnNames ?? records.shift() ?? [];
  const columns = names.map((_, column) => typed(records.map(record => record[column] ?? '')));
  return records.map((_, row) => Object.fromEntries(names.map((name, column) => [name, columns[column][row]])));
}

function recordsOf(text: string, path: string, delimiter: string): string[][] {
  try {
    return parse(text, { delimiter, bom: true, relax_quotes: true, relax_column_count: true, skip_empty_lines: true, trim: false });
  } catch (error) {
    throw new UserError('TSLM_BAD_CSV', `${path}: ${messageOf(error)}`, { hint: 'a quotation mark in a cell is doubled' });
  }
}

/** A column as numbers or truth values where all of it can be read so. */
function typed(cells: readonly string[]): unknown[] {
  const values = cells.map(cell => (NULLS.has(cell.trim()) ? null : cell));
  const present = values.filter(value => value !== null);
  if (present.length === 0) return values;
  const all = (pattern: RegExp): boolean => present.every(cell => pattern.test(cell));
  if (all(/^\s*[+-]?\d+\s*$/)) {
    // Where something is missing pandas has floats.
    const hasNulls = present.length < values.length;
    return values.map(cell => (cell === null ? null : hasNulls ? wrapFloat(Number(cell)) : Number(cell)));
  }
  if (all(/^\s*[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf(?:inity)?)\s*$/i)) {
    return values.map(cell => (cell === null ? null : wrapFloat(numberOf(cell))));
  }
  if (present.length === values.length && all(/^(?:true|false)$/i)) return values.map(cell => /^true$/i.test(cell!));
  return values;
}

const numberOf = (cell: string): number =>
  /inf/i.test(cell) ? (cell.trim().startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : Number(cell);
