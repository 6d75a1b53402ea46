import { UserError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';

/**
 * Throws a `UserError` that names the columns there are, and the nearest, unless `column` is one of them.
 *
 * @param otherwise the hint where no name is near
 */
export function requireColumn(
  column: string,
  columns: readonly string[],
  path: string,
  otherwise = 'name the column of the text with --column',
): void {
  if (columns.includes(column)) return;
  const guess = nearest(column, columns);
  const hint = guess === undefined ? otherwise : `did you mean --column ${guess}?`;
  const names = columns.map(name => (name.length > 40 ? `${name.slice(0, 40)}…` : name));
  const listed = names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ');
  throw new UserError('TSLM_NO_COLUMN', `${path}: no column '${column}'; there are: ${listed}`, { hint, exitCode: 2 });
}

/**
 * The text of a cell: a string, a list of strings as its lines, numbers as written, nothing as the empty text. Undefined
 * for what is no text.
 */
export function textOf(cell: unknown): string | undefined {
  if (typeof cell === 'string') return cell;
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean') return String(cell);
  if (!Array.isArray(cell)) return undefined;
  const lines = cell.map(textOf);
  return lines.includes(undefined) ? undefined : lines.join('\n');
}
