/** Rows that are made into examples once, before the training: bad ones are found then, and named by file and row. */
import type { Dataset } from '../data/rows/dataset.ts';
import { UserError } from '../support/errors.ts';
import type { Arranged } from './objective.ts';

/**
 * @param skipBad leave rows out that cannot be made into examples, and count them
 * @param make throws for a bad row
 * @throws UserError that names the first bad row
 */
export function arrangeRows<Row, Example>(
  rows: Dataset<Row>,
  skipBad: boolean,
  make: (row: Row, index: number) => Example,
): Arranged<Example> {
  const examples: Example[] = [];
  const places: number[] = [];
  let bad = 0;
  let first: UserError | undefined;
  for (let i = 0; i < rows.length; i++) {
    try {
      examples.push(make(rows.row(i), i));
      places.push(i);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const named = atRow(rows, i, error);
      if (!skipBad) throw named;
      first ??= named;
      bad++;
    }
  }
  if (examples.length === 0) throw first ?? new UserError('TSLM_NO_ROWS', 'there is no row to learn from');
  return {
    length: examples.length,
    row: index => examples[index],
    place: index => placeOf(rows, places[index]),
    fingerprint: rows.fingerprint,
    bad,
    notes: first ? [`${bad} of ${rows.length} rows are left out, the first since ${first.message}`] : [],
  };
}

export const placeOf = ({ place }: Dataset<unknown>, index: number): string => place?.(index) ?? `row ${index + 1}`;

const atRow = (rows: Dataset<unknown>, index: number, { code, message, hint, exitCode }: UserError): UserError =>
  new UserError(code, `${placeOf(rows, index)}: ${message}`, {
    hint: hint === undefined ? undefined : `${hint}; or leave bad rows out and count them: data.skipBad=true`,
    exitCode,
  });
