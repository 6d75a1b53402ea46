/** Rows of a kind from files, all at once, with a fingerprint of what they say. */
import { createHash } from 'node:crypto';
import { findInputs } from '../readers/inputs.ts';
import type { FileRowKind } from './columns.ts';
import type { Dataset } from './dataset.ts';
import { badRow, type FileRowsOptions, fileRows } from './file-rows.ts';
import type { Rows } from './rows.ts';

export type ReadRowsOptions = Pick<FileRowsOptions, 'columns' | 'skipBad'>;

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
export async function readRows<Kind extends Exclude<FileRowKind, 'image'>>(
  kind: Kind,
  paths: readonly string[],
  options: ReadRowsOptions = {},
): Promise<ReadRows<Kind>> {
  const rows: Rows[Kind][] = [];
  const places: { path: string; number: number }[] = [];
  const found = new Map<string, { path: string; shape: string; rows: number }>();
  let bad = 0;
  const onBad = (count: number): void => {
    bad += count;
  };
  for await (const { row, path, number, shape } of fileRows(kind, await findInputs(paths), options, onBad)) {
    rows.push(row as Rows[Kind]);
    places.push({ path, number });
    if (shape === undefined) continue;
    const known = found.get(`${path} ${shape}`) ?? { path, shape, rows: 0 };
    found.set(`${path} ${shape}`, { ...known, rows: known.rows + 1 });
  }
  if (rows.length === 0) throw badRow(`${paths.join(', ')}: there is no row of the kind '${kind}'`);
  const fingerprint = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  return {
    length: rows.length,
    row: index => rows[index],
    fingerprint,
    bad,
    found: [...found.values()],
    place: index => `${places[index].path}: row ${places[index].number}`,
  };
}
