/** The folder of a run: what may be in it before, who may write in it, and what an interruption may have left in it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { namingFile, usageError } from '../support/errors.ts';
import { isTemporary, removeTemporaries } from '../support/files.ts';
import { type Lock, takeLock } from '../support/lock.ts';

const LOCK = '.lock';

/** What a run was given texts or rows for, in its own folder; there before the run is. */
export const OWN_DATA = 'data';

/**
 * Locks the folder of a run, which must be there: two that write in it would mix their lines and checkpoints.
 *
 * @throws UserError when another process has the lock, with its number
 */
export function lockRun(folder: string): Lock {
  const path = join(folder, LOCK);
  return namingFile(path, () => takeLock(path, folder));
}

/** Throws a `UserError` when there is something in the folder of a new run. */
export function refuseOccupied(folder: string): void {
  if (!existsSync(folder)) return;
  const isOurs = (name: string): boolean => isTemporary(name) || name.startsWith(LOCK) || name === OWN_DATA;
  const names = namingFile(folder, () => readdirSync(folder)).filter(name => !isOurs(name));
  if (names.length === 0) return;
  throw usageError(
    'TSLM_RUN_EXISTS',
    `${folder}: there is something in this folder already`,
    `${names.includes('recipe.yaml') ? `go on with \`tslm resume ${folder}\`, or ` : ''}choose another --out`,
  );
}

/** Removes what was being written when the run was killed. Only for whoever has the lock. */
export function removeLeftovers(folder: string): void {
  for (const place of [folder, join(folder, 'checkpoints')]) removeTemporaries(place);
}
