/** Rows for examples, for scores and for the judgement: no row is in two of them. */
import { usageError } from '../../support/errors.ts';
import { randomFor } from '../../support/random.ts';
import type { Fields } from '../program/signature.ts';
import { labelled } from './candidates.ts';

export interface SplitRows {
  train: Fields[];
  validation: Fields[];
  test: Fields[];
}

/**
 * @param given rows for the judgement; without them a third of the rows
 * @throws UserError for rows that are too few, or of which some are among those for the judgement
 */
export function splitRows(
  rows: readonly Fields[],
  given: readonly Fields[] | undefined,
  { seed = 0, where = 'rows' }: { seed?: number; where?: string } = {},
): SplitRows {
  const all = labelled(rows, rows.length, randomFor(seed, 8, 0));
  const parts = given ? 2 : 3;
  const size = Math.floor(all.length / parts);
  if (size < 4)
    throw usageError('TSLM_NO_ROWS', `${where}: ${all.length} rows are too few`, `give at least ${4 * parts}`);
  const known = new Set(all.map(row => JSON.stringify(row)));
  const shared = given?.findIndex(row => known.has(JSON.stringify(row))) ?? -1;
  if (shared >= 0) {
    throw usageError(
      'TSLM_LEAK',
      `row ${shared + 1} of the rows for the judgement is in ${where}, too`,
      'give other rows',
    );
  }
  return {
    train: all.slice(0, size),
    validation: all.slice(size, given ? undefined : 2 * size),
    test: given ? [...given] : all.slice(2 * size),
  };
}
