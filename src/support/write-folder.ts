/**
 * Folders that a command writes: made beside their place, under a lock on its name, and put there when they are whole. What
 * is at the place stays until then, and nothing is replaced that the caller did not agree to.
 */
import { existsSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { explainFileError, isErrno, UserError, usageError } from './errors.ts';
import { isTemporary, makeFolder, renameDurably, syncFolder, temporaryBeside } from './files.ts';
import { isAbandoned, type Lock, takeLock } from './lock.ts';

export interface WriteFolderOptions {
  /**
   * Replace what is at the place; default false. It is moved aside and removed when its successor is there, and put back
   * when anything fails; after a kill between the two, `restoreFolder` puts it back.
   */
  replace?: boolean;
  /**
   * Put the files into a folder that is there already, each in the place of the one with its name, and leave the others
   * alone; default false.
   */
  merge?: boolean;
  /** Throws when what is at the place may not be replaced; asked before the work, and again before it is put there. */
  check?: () => void;
}

/**
 * Calls `write` with a new folder beside `out` and puts it at `out` when it is done; when it fails, nothing is left of it.
 *
 * @throws UserError when another process writes there, when `check` refuses, when the system does; and when something was
 *   put at `out` in the meantime, which stays: the error says where the result is
 */
export async function writeFolder<Result>(
  out: string,
  write: (folder: string) => Promise<Result> | Result,
  { replace = false, merge = false, check = () => {} }: WriteFolderOptions = {},
): Promise<Result> {
  const place = placeOf(out);
  try {
    using _lock = lockPlace(place, out);
    check();
    if (isFilled(place) && !merge && !replace) {
      throw usageError('TSLM_OUTPUT_EXISTS', `${out}: there is something in this folder`, 'choose another folder');
    }
    const folder = temporaryBeside(place);
    makeFolder(folder);
    try {
      const result = await write(folder);
      syncFolder(folder);
      const isFolder = statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
      if (merge && isFolder) moveInto(folder, place);
      else if (replace && isFolder && passes(check)) swap(folder, place);
      else settle(folder, place, out);
      return result;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } catch (error) {
    // An error about a file elsewhere, an input say, names it itself.
    const { path } = error as NodeJS.ErrnoException;
    throw explainFileError(error, path === undefined || path.startsWith(place) ? out : path);
  }
}

/** Puts a folder back that was moved aside for a successor when the process was killed before that was in its place. */
export function restoreFolder(out: string): void {
  const place = placeOf(out);
  if (existsSync(place) || asideOf(place) === undefined) return;
  if (existsSync(lockOf(place)) && !isAbandoned(lockOf(place))) return; // it is being replaced right now
  using _lock = lockPlace(place, out);
}

/** The place itself, where `out` is a link to it. */
const placeOf = (out: string): string => {
  try {
    return realpathSync(out);
  } catch {
    return resolve(out);
  }
};

const lockOf = (place: string): string => `${place}.lock`;

/** Locks the name of a folder, and clears away what processes left there, and under the names beside it, that were killed. */
function lockPlace(place: string, out: string): Lock {
  const lock = takeLock(lockOf(place), out);
  try {
    removeLeftovers(place);
  } catch (error) {
    lock.release();
    throw error;
  }
  for (const name of readdirSync(dirname(place))) {
    const other = join(dirname(place), name.slice(0, -'.lock'.length));
    if (name.endsWith('.lock') && other !== place) clearAbandoned(other);
  }
  return lock;
}

function clearAbandoned(place: string): void {
  try {
    if (!isAbandoned(lockOf(place))) return;
    using _lock = takeLock(lockOf(place), place);
    removeLeftovers(place);
  } catch {
    // Another process is at it, or it is somebody else's.
  }
}

const ASIDE = '.old';

/** The unfinished folders of a place, as names beside it. */
const leftoversOf = (place: string): string[] =>
  readdirSync(dirname(place)).filter(
    name =>
      name.startsWith(`${basename(place)}.`) && isTemporary(name.slice(basename(place).length).replace(/\.old$/, '')),
  );

/** A name for what is at a place while something takes its place. */
const newAside = (place: string): string => `${temporaryBeside(place)}${ASIDE}`;

/** What was moved aside of a place and is still there. */
function asideOf(place: string): string | undefined {
  if (!existsSync(dirname(place))) return undefined;
  const name = leftoversOf(place).find(name => name.endsWith(ASIDE));
  return name === undefined ? undefined : join(dirname(place), name);
}

function removeLeftovers(place: string): void {
  const aside = asideOf(place);
  if (aside !== undefined && !existsSync(place)) renameDurably(aside, place);
  for (const name of leftoversOf(place)) rmSync(join(dirname(place), name), { recursive: true, force: true });
}

const passes = (check: () => void): boolean => {
  try {
    check();
    return true;
  } catch {
    return false;
  }
};

/** Whether there is something in the folder; a file in its place is an error. */
const isFilled = (place: string): boolean => existsSync(place) && readdirSync(place).length > 0;

function swap(folder: string, place: string): void {
  const aside = newAside(place);
  renameSync(place, aside);
  try {
    renameSync(folder, place);
  } catch (error) {
    renameSync(aside, place);
    throw error;
  }
  syncFolder(dirname(place));
  rmSync(aside, { recursive: true, force: true });
}

/** Renaming replaces no folder with anything in it, and no file. */
function settle(folder: string, place: string, out: string): void {
  try {
    renameDurably(folder, place);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].some(code => isErrno(error, code))) throw error;
    let number = 2;
    while (existsSync(`${place}-${number}`)) number++;
    const other = `${place}-${number}`;
    renameDurably(folder, other);
    throw new UserError('TSLM_OUTPUT_EXISTS', `${out}: something was put here in the meantime, and stays`, {
      hint: `the result is in ${other}`,
      cause: error,
    });
  }
}

function moveInto(folder: string, place: string): void {
  for (const name of readdirSync(folder)) renameSync(join(folder, name), join(place, name));
  syncFolder(place);
}
