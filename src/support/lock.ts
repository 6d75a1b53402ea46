/**
 * Locks between processes: a file that only one can create and that says whose it is. One left by a process that has ended
 * is taken over: on the same machine by its process id and when that process began, elsewhere because nobody touches it.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno, namingFile, UserError } from './errors.ts';
import { makeFolder, temporaryBeside } from './files.ts';
import { hasEnded, startOf } from './processes.ts';

export interface LockOptions {
  /** Milliseconds without a touch after which an owner on another machine is taken for dead; default 10 minutes. */
  staleAfter?: number;
}

export interface TakeOptions extends LockOptions {
  /** Milliseconds to wait for the lock before failing, without letting anything else run; default 0. */
  patience?: number;
}

export interface WaitOptions extends LockOptions {
  signal?: AbortSignal;
  /** Called once when somebody else has the lock. */
  onWait?: () => void;
}

export interface Lock extends Disposable {
  release(): void;
}

/** A step of a training may keep a process from touching its lock for minutes. */
const STALE_AFTER = 600_000;

/**
 * Takes the lock at `path`, or fails: at once, unless `patience` says otherwise.
 *
 * @param subject what is locked, for the error
 * @throws UserError that says who has it; the system's own error when it refuses
 */
export function takeLock(
  path: string,
  subject: string,
  { staleAfter = STALE_AFTER, patience = 0 }: TakeOptions = {},
): Lock {
  const owner = newOwner();
  const until = performance.now() + patience;
  for (;;) {
    const holder = acquire(path, owner, staleAfter);
    if (holder === undefined) return held(path, owner, staleAfter);
    if (performance.now() >= until) throw lockedError(path, subject, holder);
    pause(5);
  }
}

/** Runs `body` while no other process has the lock at `path`; waits for it. `staleAfter` is 30 seconds by default. */
export async function withLock<T>(path: string, body: () => Promise<T>, options: WaitOptions = {}): Promise<T> {
  const { staleAfter = 30_000, signal, onWait } = options;
  const owner = newOwner();
  for (let waiting = false; namingFile(path, () => acquire(path, owner, staleAfter)) !== undefined; waiting = true) {
    if (!waiting) onWait?.();
    await sleep(100, undefined, { signal });
  }
  using _lock = held(path, owner, staleAfter);
  return await body();
}

/** Whether the lock at `path` was left by a process that has ended. */
export function isAbandoned(path: string, { staleAfter = STALE_AFTER }: LockOptions = {}): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const owner = ifThere(() => readFileSync(path, 'utf8'));
  return owner !== undefined && OWNER.test(owner) && isStale(path, owner, staleAfter);
}

/** Process id, machine, a mark that no other lock has, since when, and when the process began. */
const newOwner = (): string =>
  `${[process.pid, hostname(), randomBytes(8).toString('hex'), new Date().toISOString(), startOf(process.pid) ?? '-'].join(' ')}\n`;

const OWNER = /^\d+ \S+ \S+( \S+ \S+)?\n$/;

function held(path: string, owner: string, staleAfter: number): Lock {
  const touch = (): unknown => ifThere(() => utimesSync(path, new Date(), new Date()));
  const timer = setInterval(touch, staleAfter / 4).unref();
  const release = (): void => {
    clearInterval(timer);
    if (ifThere(() => readFileSync(path, 'utf8')) === owner) rmSync(path, { force: true });
  };
  return { release, [Symbol.dispose]: release };
}

/** The owner of the lock when somebody has it; undefined when it is ours now. */
function acquire(path: string, owner: string, staleAfter: number): string | undefined {
  for (;;) {
    if (create(path, owner)) return undefined;
    const holder = ifThere(() => readFileSync(path, 'utf8'));
    if (holder === undefined) continue; // given back in the meantime
    if (!isStale(path, holder, staleAfter)) return holder;
    removeStale(path, holder, staleAfter);
  }
}

/** Makes the lock with its owner in it, in one step; false when there is one. */
function create(path: string, owner: string): boolean {
  makeFolder(dirname(path));
  const temporary = temporaryBeside(path);
  try {
    writeFileSync(temporary, owner, { flag: 'wx' });
    try {
      linkSync(temporary, path);
    } catch (error) {
      if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'].some(code => isErrno(error, code))) throw error;
      writeFileSync(path, owner, { flag: 'wx' }); // a file system without links
    }
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST') && statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Only who has the guard may remove a lock that is not its own, and looks again before it does: otherwise a second
 * process could take away the lock of the one that had just taken over. A guard is a lock itself, and may be left behind.
 */
function removeStale(path: string, stale: string, staleAfter: number): void {
  const guard = `${path}.takeover`;
  if (acquire(guard, newOwner(), staleAfter) !== undefined) {
    pause(1); // whoever has it needs a moment
    return;
  }
  try {
    if (ifThere(() => readFileSync(path, 'utf8')) === stale) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function isStale(path: string, owner: string, staleAfter: number): boolean {
  const touched = ifThere(() => statSync(path).mtimeMs);
  if (touched === undefined) return false;
  const [pid, host, , , start] = owner.trim().split(' ');
  return host === hostname() ? hasEnded(Number(pid), start) : Date.now() - touched > staleAfter;
}

function lockedError(path: string, subject: string, owner: string): UserError {
  const [pid, host, , since] = owner.trim().split(' ');
  const when = since === undefined ? '' : ` since ${since.slice(0, 19).replace('T', ' ')} UTC`;
  const gone = host === hostname() ? 'or end it' : `or remove ${path} when it is gone`;
  return new UserError('TSLM_LOCKED', `${subject}: process ${pid} on ${host} has been writing here${when}`, {
    hint: `wait until it has ended, ${gone}`,
  });
}

const pause = (milliseconds: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

/** Undefined when the file has gone in the meantime. */
function ifThere<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
