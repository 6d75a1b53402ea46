/** Files and folders written beside their place and renamed, so that nobody ever sees half of one. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { explainFileError, isErrno, namingFile, UserError } from './errors.ts';

/** A name beside `path` for a file or folder that is not finished yet. */
export const temporaryBeside = (path: string): string => `${path}.${randomBytes(4).toString('hex')}.tmp`;

/** Whether this is the name of a file or folder that `temporaryBeside` named: left unfinished, when nobody writes it. */
export const isTemporary = (name: string): boolean => /\.[0-9a-f]{8}\.tmp$/.test(name);

/** Removes what was left unfinished in a folder. Only for whoever has the folder's lock. */
export function removeTemporaries(folder: string): void {
  if (!existsSync(folder)) return;
  namingFile(folder, () => {
    for (const name of readdirSync(folder).filter(isTemporary)) {
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  });
}

/** Forces the names in a folder to the disk: what was renamed survives a loss of power only then. */
export function syncFolder(folder: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(folder, 'r');
    fsyncSync(fd);
  } catch (error) {
    // Some systems open no folder, or cannot sync one; a disk that fails says EIO.
    if (isErrno(error, 'EIO') || isErrno(error, 'ENOSPC')) throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Renames, and forces the new name to the disk. */
export function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(dirname(to));
}

/** Makes a folder with its parents. Node's own `recursive` hides what the system says, and never ends below /proc. */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error; // another process was faster
  }
}

/** Writes all of `bytes`, however many calls the system needs. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
}

/**
 * Writes a file beside its place and renames it, so that no interruption leaves half a file.
 * `write` gets an open file descriptor. Throws a `UserError` that names `path` when the system refuses.
 */
export function writeAtomically(path: string, write: (fd: number) => void): void {
  const temporary = temporaryBeside(path);
  try {
    makeFolder(dirname(path));
    const fd = openSync(temporary, 'wx');
    try {
      write(fd);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameDurably(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw explainFileError(error, path);
  }
}

/** The error that made it necessary is the one to tell. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder is no folder, or gone.
  }
}

/** `writeAtomically` for a string or bytes already in memory. */
export function writeFileAtomically(path: string, content: string | Uint8Array): void {
  writeAtomically(path, fd => writeFully(fd, typeof content === 'string' ? Buffer.from(content) : content));
}

export const writeJson = (path: string, value: unknown): void =>
  writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);

/** Reads JSON; a missing or malformed file is a one-line `UserError` that names it. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new UserError('TSLM_BAD_JSON', `${path}: not valid JSON: ${error.message}`, {
        hint: 'the file may be cut off or not be JSON at all',
        cause: error,
      });
    }
    throw explainFileError(error, path);
  }
}
