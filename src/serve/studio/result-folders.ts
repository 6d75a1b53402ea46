/** Which evaluations, sweeps and selections there are below some folders. */
import { type Dirent, readdirSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../support/errors.ts';

export const RESULT_KINDS = ['evaluation', 'sweep', 'selection'] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

export interface ResultFile {
  kind: ResultKind;
  /** Path below its root; ids are only ever looked up among those found, so none can lead out of the roots. */
  id: string;
  /** results_….json, trials.jsonl or selection.json. */
  path: string;
}

/** Results are at most this many folders below a root. */
const DEPTH = 4;

/** Folders that hold many files, and no results. */
const PASSED_BY = new Set(['node_modules', 'checkpoints', 'tensorboard', 'trials', 'model']);

const kindOf = (file: string): ResultKind | undefined => {
  if (/^results_.*\.json$/.test(file)) return 'evaluation';
  if (file === 'trials.jsonl') return 'sweep';
  return file === 'selection.json' ? 'selection' : undefined;
};

/** In the order of their names; links are not followed. */
export function findResults(roots: readonly string[], wanted: ResultKind): ResultFile[] {
  const found = new Map<string, ResultFile>();
  const seen = new Set<string>();
  for (const root of roots.map(path => resolve(path))) {
    for (const { kind, path } of filesBelow(root, DEPTH)) {
      if (kind !== wanted || seen.has(path)) continue;
      seen.add(path);
      // A sweep or a selection is its folder, an evaluation one of the files in it.
      const place = kind === 'evaluation' ? path.replace(/\.json$/, '') : join(path, '..');
      let id = relative(root, place).split(sep).join('/') || basename(root);
      while (found.has(id)) id += '~';
      found.set(id, { kind, id, path });
    }
  }
  return [...found.values()];
}

/** @throws UserError `TSLM_RESULT_NOT_FOUND` */
export function requireResult(roots: readonly string[], kind: ResultKind, id: string): ResultFile {
  const found = findResults(roots, kind).find(result => result.id === id);
  if (found) return found;
  throw new UserError('TSLM_RESULT_NOT_FOUND', `there is no ${kind} '${id}'`, { hint: 'choose one from the list' });
}

function filesBelow(folder: string, depth: number): { kind: ResultKind; path: string }[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(realpathSync(folder), { withFileTypes: true });
  } catch {
    return []; // not made yet, or not ours to read
  }
  const names = new Intl.Collator('en', { numeric: true });
  const sorted = entries.sort((a, b) => names.compare(a.name, b.name));
  return sorted.flatMap(entry => {
    const path = join(folder, entry.name);
    const kind = entry.isFile() ? kindOf(entry.name) : undefined;
    if (kind) return [{ kind, path }];
    const isBelow = entry.isDirectory() && depth > 0 && !entry.name.startsWith('.') && !PASSED_BY.has(entry.name);
    return isBelow ? filesBelow(path, depth - 1) : [];
  });
}
