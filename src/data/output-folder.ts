import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { explainFileError, usageError } from '../support/errors.ts';
import { makeFolder, temporaryBeside } from '../support/files.ts';

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

/**
 * Calls `write` with a new folder beside `out`, and puts it in the place of `out` when it is done; when it fails, nothing
 * is left. Throws a `UserError` that names `out` when the system refuses.
 */
export async function writeFolderAtomically<Result>(
  out: string,
  write: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = temporaryBeside(resolve(out));
  const old = `${folder}.old`;
  try {
    makeFolder(folder);
    try {
      const result = await write(folder);
      if (existsSync(out)) renameSync(out, old);
      renameSync(folder, out);
      rmSync(old, { recursive: true, force: true });
      return result;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } catch (error) {
    throw explainFileError(error, out);
  }
}
