/** Which run folders there are below the roots, and how files in them are reached. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../support/errors.ts';

export interface RunFolder {
  /** Path below its root; names are only ever looked up among those found, so none can lead out of the roots. */
  id: string;
  path: string;
}

/** Runs are at most this many folders below a root. */
const DEPTH = 3;

/** Run folders in the order of their names; links are not followed. */
export function findRuns(roots: readonly string[]): RunFolder[] {
  const found = new Map<string, RunFolder>();
  for (const root of roots.map(path => resolve(path))) {
    for (const path of runsBelow(root, DEPTH)) {
      let id = relative(root, path).split(sep).join('/') || basename(root);
      while (found.has(id)) id += '~';
      found.set(id, { id, path });
    }
  }
  return [...found.values()];
}

/** @throws UserError `TSLM_RUN_NOT_FOUND` */
export function requireRun(roots: readonly string[], id: string): RunFolder {
  const run = findRuns(roots).find(candidate => candidate.id === id);
  if (run) return run;
  throw new UserError('TSLM_RUN_NOT_FOUND', `there is no run '${id}'`, { hint: 'choose one from the list of runs' });
}

/** A file of a run, if it is there and no link leads out of the run's folder. */
export function fileOf({ path }: RunFolder, name: string): string | undefined {
  const file = join(path, name);
  if (!existsSync(file)) return undefined;
  return realpathSync(file).startsWith(realpathSync(path) + sep) ? file : undefined;
}

function runsBelow(folder: string, depth: number): string[] {
  let entries: import('node:fs').Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // not made yet, or not ours to read
  }
  const names = entries.map(({ name }) => name);
  if (names.includes('recipe.yaml') && names.includes('run.json')) return [folder];
  if (depth === 0) return [];
  return entries
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map(({ name }) => name)
    .sort(new Intl.Collator('en', { numeric: true }).compare)
    .flatMap(name => runsBelow(join(folder, name), depth - 1));
}
