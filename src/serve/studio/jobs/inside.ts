/** Paths that a request names: only what lies in the folder that the server was started in, wherever links lead. */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { usageError } from '../../../support/errors.ts';

/**
 * The path from `folder` on, as a command run there takes it.
 *
 * @param mustExist of what is read; what is going to be written may be new, and is never the folder itself
 * @throws UserError for a path that leads out, and one that is missing
 */
export function pathInside(folder: string, given: string, { mustExist }: { mustExist: boolean }): string {
  const path = resolve(folder, given);
  if (given.includes('\0') || !isInside(folder, path)) {
    throw usageError('TSLM_OUTSIDE', `${given}: not in the folder of the server`, `give a path below ${folder}`);
  }
  if (mustExist && !existsSync(path)) {
    throw usageError('TSLM_ENOENT', `${given}: no such file or folder`, 'choose one from the list');
  }
  const inner = relative(folder, path);
  if (!mustExist && inner === '') throw usageError('TSLM_OUTSIDE', `${given}: no name`, 'give a folder of its own');
  // Not to be taken for an option.
  if (inner.startsWith('-')) return `.${sep}${inner}`;
  return inner === '' ? '.' : inner;
}

function isInside(folder: string, path: string): boolean {
  const base = realpathSync(folder);
  const real = realPlace(path);
  return real !== undefined && (real === base || real.startsWith(base.endsWith(sep) ? base : base + sep));
}

/** Where the path is, or where it would be made; undefined for a link that leads nowhere. */
function realPlace(path: string): string | undefined {
  for (let place = path; ; place = dirname(place)) {
    try {
      return realpathSync(place);
    } catch {
      if (lstatSync(place, { throwIfNoEntry: false }) !== undefined || dirname(place) === place) return undefined;
    }
  }
}
