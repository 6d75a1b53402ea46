/** The folder of a run: what may be in it before, and what an interruption may have left in it. */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { namingFile, usageError } from '../support/errors.ts';

/** What an interruption leaves of a file or folder that was being written; see `temporaryBeside`. */
const isLeftover = (name: string): boolean => /\.[0-9a-f]{8}\.tmp$/.test(name);

/** Throws a `UserError` when there is something in the folder of a new run. */
export function refuseOccupied(folder: string): void {
  if (!existsSync(folder)) return;
  const names = namingFile(folder, () => readdirSync(folder)).filter(name => !isLeftover(name));
  if (names.length === 0) return;
  throw usageError(
    'TSLM_RUN_EXISTS',
    `${folder}: there is something in this folder already`,
    `${names.includes('recipe.yaml') ? `go on with \`tslm resume ${folder}\`, or ` : ''}choose another --out`,
  );
}

/** Removes what was being written when the run was killed. */
export function removeLeftovers(folder: string): void {
  for (const place of [folder, join(folder, 'checkpoints')].filter(path => existsSync(path))) {
    for (const name of readdirSync(place).filter(isLeftover)) {
      namingFile(place, () => rmSync(join(place, name), { recursive: true, force: true }));
    }
  }
}
