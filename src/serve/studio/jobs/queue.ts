/**
 * The queue: starts `tslm` for one job after another, and passes on that one is to stop. It knows jobs by their files alone, so
 * that it neither needs the server that asked for them nor ends with it; it ends when nothing is left to do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../../support/errors.ts';
import { type Lock, takeLock } from '../../../support/lock.ts';
import { hasEnded, startOf } from '../../../support/processes.ts';
import { root } from '../../../support/root.ts';
import {
  type JobFile,
  type JobStateFile,
  lockOf,
  logOf,
  progressOf,
  readJobs,
  readState,
  stopsOf,
  writeState,
} from './job-files.ts';

export interface QueueOptions {
  /** Jobs that run at a time. Default 1. */
  atOnce?: number;
  /** What is run, before the words of a job. Default this package's `tslm`. */
  program?: readonly string[];
  /** Ends the queue: jobs that run are asked to save, those that wait go on waiting. */
  signal?: AbortSignal;
  /** Milliseconds between two looks. Default 200. */
  pollMs?: number;
}

interface Running {
  job: JobFile;
  /** Stops that were passed on. */
  told: number;
  stop(): void;
  isOver(): boolean;
}

/**
 * Works until nothing is left, or at once when another queue works here.
 *
 * @param folder that commands run in
 * @param jobs folder of the jobs
 */
export async function runQueue(folder: string, jobs: string, options: QueueOptions = {}): Promise<void> {
  // A job that came after the last look and before the lock was given back is seen by the next look.
  while (!options.signal?.aborted && readJobs(jobs).some(({ id }) => readState(jobs, id)?.state !== 'ended')) {
    let lock: Lock;
    try {
      lock = takeLock(lockOf(jobs), 'the queue of jobs');
    } catch (error) {
      if (error instanceof UserError && error.code === 'TSLM_LOCKED') return;
      throw error;
    }
    try {
      await work(folder, jobs, options);
    } finally {
      lock.release();
    }
  }
}

async function work(folder: string, jobs: string, options: QueueOptions): Promise<void> {
  const { atOnce = 1, signal, pollMs = 200 } = options;
  let running: Running[] = readJobs(jobs).flatMap(job => leftBehind(jobs, job));
  for (;;) {
    running = running.filter(one => !one.isOver());
    for (const one of running) {
      const wanted = Math.max(signal?.aborted ? 1 : 0, stopsOf(jobs, one.job.id));
      if (one.told >= wanted) continue;
      one.told++; // one at a time: the second means something else
      one.stop();
    }
    const waiting = readJobs(jobs).filter(({ id }) => readState(jobs, id) === undefined);
    for (const { id } of waiting.filter(({ id }) => stopsOf(jobs, id) > 0)) {
      writeState(jobs, id, { state: 'ended', outcome: 'stopped', ended: now() });
    }
    const next = signal?.aborted ? undefined : waiting.find(({ id }) => readState(jobs, id) === undefined);
    if (next && running.length < atOnce) running.push(start(folder, jobs, next, options));
    else if (!next && running.length === 0) return;
    else await sleep(pollMs);
  }
}

const now = (): string => new Date().toISOString();

function start(folder: string, jobs: string, job: JobFile, { program }: QueueOptions): Running {
  const [executable, ...before] = program ?? [process.execPath, join(root, 'bin', 'tslm')];
  const began = now();
  const log = openSync(logOf(jobs, job.id), 'a');
  let child: ChildProcess;
  try {
    child = spawn(executable, [...before, ...job.words], {
      cwd: folder,
      stdio: ['ignore', log, log],
      env: { ...process.env, TSLM_PROGRESS: progressOf(jobs, job.id) },
    });
  } finally {
    closeSync(log);
  }
  let isOver = false;
  const end = (state: Omit<JobStateFile & { state: 'ended' }, 'state' | 'began' | 'ended'>): void => {
    if (isOver) return;
    writeState(jobs, job.id, { state: 'ended', began, ended: now(), ...state });
    isOver = true;
  };
  child.once('error', () => end({ outcome: 'failed' }));
  child.once('exit', (code, signal) => end({ outcome: outcomeOf(code, stopsOf(jobs, job.id) > 0), code, signal }));
  if (child.pid !== undefined) {
    behindAnswers(child.pid);
    writeState(jobs, job.id, { state: 'running', pid: child.pid, start: startOf(child.pid), began });
  }
  return { job, told: 0, stop: () => void child.kill('SIGTERM'), isOver: () => isOver };
}

/** What ends with the code of a signal has saved what it could. */
const outcomeOf = (code: number | null, isAsked: boolean): 'done' | 'failed' | 'stopped' =>
  code === 0 ? 'done' : isAsked || [129, 130, 143].includes(code ?? -1) ? 'stopped' : 'failed';

/** A job of a queue that ended before it: it may still be at work, and then this queue waits for it. */
function leftBehind(jobs: string, job: JobFile): Running[] {
  const state = readState(jobs, job.id);
  if (state?.state !== 'running') return [];
  const { pid, start, began } = state;
  let wasSeen = false;
  const isOver = (): boolean => {
    if (!hasEnded(pid, start)) {
      wasSeen = true;
      return false;
    }
    const outcome = wasSeen && stopsOf(jobs, job.id) > 0 ? 'stopped' : 'interrupted';
    writeState(jobs, job.id, { state: 'ended', outcome, began, ended: now() });
    return true;
  };
  const stop = (): void => {
    if (!hasEnded(pid, start)) process.kill(pid, 'SIGTERM');
  };
  return isOver() ? [] : [{ job, told: 0, stop, isOver }];
}

/** Whoever asks the server something comes first. */
function behindAnswers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // A system without priorities, or a process that has ended already.
  }
}
