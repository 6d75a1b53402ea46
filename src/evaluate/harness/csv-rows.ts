/** CSV as pandas types it: a column of numbers is one of numbers, and some words mean that nothing is there. */
import { parse } from 'csv-parse/sync';
import { messageOf, UserError } from '../../support/errors.ts';
import { wrapFloat } from './python-literals.ts';

export interface CsvOptions {
  /** What stands between cells; default a comma. */
  delimiter?: string;
  /** What the columns are called; a first line that says it otherwise is one of data. */
  names?: readonly string[];
  /** Whether the first line names the columns; default where no `names` are given. */
  hasHeader?: boolean;
  /** Whether quotation marks enclose cells. Default true. */
  hasQuotes?: boolean;
  /** Whether some words mean that nothing is there. Default true. */
  hasNulls?: boolean;
}

const NULLS = new Set([
  ...['', '#N/A', '#N/A N/A', '#NA', '-1.#IND', '-1.#QNAN', '-NaN', '-nan', '1.#IND', '1.#QNAN', '<NA>'],
  ...['N/A', 'NA', 'NULL', 'NaN', 'None', 'n/a', 'nan', 'null'],
]);

/** @throws UserError that names the file and the line */
export function csvRows(text: string, path: string, options: CsvOptions = {}): Record<string, unknown>[] {
  const { delimiter = ',', names, hasHeader = names === undefined, hasQuotes = true, hasNulls = true } = options;
  const records = recordsOf(text, path, delimiter, hasQuotes);
  const header = hasHeader ? records.shift() : undefined;
  const columns = names ?? unique(header ?? []);
  const values = columns.map((_, column) =>
    typed(
      records.map(record => record[column] ?? ''),
      hasNulls ? NULLS : new Set(),
    ),
  );
  return records.map((_, row) => Object.fromEntries(columns.map((name, column) => [name, values[column][row]])));
}

/** A column without a name is called by its place, and one whose name is taken by a number more. */
function unique(header: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return header.map((given, i) => {
    const name = given === '' ? `Unnamed: ${i}` : given;
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    return before === 0 ? name : `${name}.${before}`;
  });
}

function recordsOf(text: string, path: string, delimiter: string, hasQuotes: boolean): string[][] {
  try {
    const quoting = hasQuotes ? { relax_quotes: true } : { quote: null, escape: null };
    return parse(text, {
      delimiter,
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      ...quoting,
    }) as string[][];
  } catch (error) {
    throw new UserError('TSLM_BAD_CSV', `${path}: ${messageOf(error)}`, {
      hint: 'a quotation mark in a cell is doubled',
    });
  }
}

/** A column as numbers or truth values where all of it can be read so. */
function typed(cells: readonly string[], nulls: ReadonlySet<string>): unknown[] {
  const values = cells.map(cell => (nulls.has(cell.trim()) ? null : cell));
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
  /inf/i.test(cell)
    ? cell.trim().startsWith('-')
      ? Number.NEGATIVE_INFINITY
      : Number.POSITIVE_INFINITY
    : Number(cell);
