/** A run that takes the place of another: the other one stays, moved aside, until there is a checkpoint of the new one. */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { namingFile } from '../support/errors.ts';
import { renameDurably } from '../support/files.ts';
import { asideOf, newAside } from '../support/write-folder.ts';
import { latestCheckpoint } from './checkpoints.ts';
import { lockRun, refuseOccupied } from './run-folder.ts';

/**
 * Moves the run in `folder` aside while `body` makes a new one there. When that ends without a checkpoint the old one is put
 * back, and after a kill the next call does so.
 *
 * @throws UserError when there is something else in the folder, or another process writes in it
 */
export async function replacingRun<T>(folder: string, body: () => Promise<T>): Promise<T> {
  if (!existsSync(join(folder, 'recipe.yaml'))) {
    refuseOccupied(folder);
    return await body();
  }
  using _lock = lockRun(folder);
  const place = resolve(folder);
  const left = asideOf(place);
  const hasFailedBefore = left !== undefined && latestCheckpoint(folder) === undefined;
  const aside = hasFailedBefore ? left : newAside(place);
  namingFile(folder, () => {
    if (hasFailedBefore) rmSync(place, { recursive: true });
    else renameDurably(place, aside);
  });
  if (left !== undefined && !hasFailedBefore) rmSync(left, { recursive: true, force: true });
  try {
    return await body();
  } finally {
    if (latestCheckpoint(folder) !== undefined) rmSync(aside, { recursive: true, force: true });
    else {
      rmSync(place, { recursive: true, force: true });
      renameDurably(aside, place);
    }
  }
}
