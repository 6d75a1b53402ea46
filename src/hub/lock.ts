/**
 * A lock between processes: a file that only one can create. Its owner touches it while it lives, so that one left by a
 * process that was killed is found out. It saves fetching twice; what is fetched stays right without it, since contents
 * are written at their places and renamed only when their hash is right.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { explainFileError, isErrno } from '../support/errors.ts';
import { makeFolder } from '../support/files.ts';

export interface LockOptions {
  signal?: AbortSignal;
  /** Called once when somebody else has the lock. */
  onWait?: () => void;
  /** Milliseconds without a touch after which the owner is taken for dead; default 30 seconds. */
  staleAfter?: number;
}

/** Runs `body` while no other process has the lock at `path`. */
export async function withLock<T>(path: string, body: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const { staleAfter = 30_000 } = options;
  const owner = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}\n`;
  await acquire(path, owner, { ...options, staleAfter });
  const touch = setInterval(() => ifThere(() => utimesSync(path, new Date(), new Date())), staleAfter / 4).unref();
  try {
    return await body();
  } finally {
    clearInterval(touch);
    if (ifThere(() => readFileSync(path, 'utf8')) === owner) rmSync(path, { force: true });
  }
}

async function acquire(
  path: string,
  owner: string,
  { signal, onWait, staleAfter }: LockOptions & { staleAfter: number },
): Promise<void> {
  for (let waiting = false; ; waiting = true) {
    try {
      makeFolder(dirname(path));
      writeFileSync(path, owner, { flag: 'wx' });
      return;
    } catch (error) {
      if (isErrno(error, 'ENOSPC') || isErrno(error, 'EDQUOT')) rmSync(path, { force: true }); // made, but without its owner
      if (!isErrno(error, 'EEXIST') || ifThere(() => statSync(path).isDirectory())) throw explainFileError(error, path);
    }
    if (isStale(path, staleAfter)) {
      takeAway(path);
      continue;
    }
    if (!waiting) onWait?.();
    await sleep(100, undefined, { signal });
  }
}

function isStale(path: string, staleAfter: number): boolean {
  const touched = ifThere(() => statSync(path).mtimeMs);
  const owner = ifThere(() => readFileSync(path, 'utf8'));
  if (touched === undefined || owner === undefined) return false;
  const [pid, host] = owner.split(/\s/);
  return Date.now() - touched > staleAfter || (host === hostname() && !isAlive(Number(pid)));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, 'ESRCH'); // it may belong to somebody else
  }
}

/** By renaming, which only one of several can do. */
function takeAway(path: string): void {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  ifThere(() => renameSync(path, aside));
  rmSync(aside, { force: true });
}

/** Undefined when the file has gone in the meantime. */
function ifThere<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
