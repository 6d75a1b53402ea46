/** Where a corpus may be written. */
import { existsSync, readdirSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { explainFileError, usageError } from '../../support/errors.ts';

/**
 * Refuses a place for a corpus where something is already: a folder with anything in it, unless `overwrite` is given and
 * it holds a corpus; a file; a folder in which an input lies.
 */
export function refuseOutput(out: string, inputs: readonly string[], overwrite: boolean): void {
  const around = inputs.find(input => `${resolve(input)}${sep}`.startsWith(`${resolve(out)}${sep}`));
  if (around !== undefined) {
    throw usageError(
      'TSLM_BAD_OUTPUT',
      `${out}: the input ${around} lies in the output folder`,
      'choose another --out',
    );
  }
  let entries: string[];
  try {
    entries = existsSync(out) ? readdirSync(out) : [];
  } catch (error) {
    throw explainFileError(error, out);
  }
  if (entries.length === 0) return;
  if (!overwrite) {
    throw usageError(
      'TSLM_OUTPUT_EXISTS',
      `${out}: there is something in this folder`,
      'choose another --out, or --overwrite',
    );
  }
  if (!entries.includes('corpus.json')) {
    throw usageError(
      'TSLM_OUTPUT_EXISTS',
      `${out}: this folder holds no corpus`,
      '--overwrite replaces nothing but a corpus',
    );
  }
}
