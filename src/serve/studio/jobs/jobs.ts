/** Jobs as the server sees them: asked for, listed, followed, stopped. The work is done by the queue, in a process of its own. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usageError } from '../../../support/errors.ts';
import { isAbandoned } from '../../../support/lock.ts';
import { hasEnded } from '../../../support/processes.ts';
import { workerFile } from '../../../support/workers.ts';
import type { JobEvent, JobSummary } from '../api.ts';
import { commandLine, wordsOf } from './commands.ts';
import {
  addJob,
  askToStop,
  type JobFile,
  lockOf,
  logOf,
  readJobs,
  readProgress,
  readState,
  removeJob,
  requireJob,
  stopsOf,
} from './job-files.ts';
import type { JobRequest } from './job-request.ts';

export interface JobsOptions {
  /** In which commands run. Default the folder of this process. */
  folder?: string;
  /** Jobs that run at a time. Default 1. */
  atOnce?: number;
  /** Starts the queue. Default: in a process that goes on without this one. */
  startQueue?: (folder: string, jobs: string, atOnce: number) => void;
}

export interface Jobs {
  readonly folder: string;
  readonly atOnce: number;
  /** The latest first. */
  list(): JobSummary[];
  find(id: string): JobSummary;
  start(request: JobRequest): JobSummary;
  /** The first time the command saves and ends, the second time it ends at once. */
  stop(id: string): JobSummary;
  /** Forgets a job that has ended; what it wrote elsewhere stays. */
  remove(id: string): void;
  /** What its log says from byte `after` on, and how it stands, until it has ended. */
  follow(id: string, after: number, signal: AbortSignal): AsyncGenerator<JobEvent>;
  /** Ends those who follow. Jobs go on. */
  close(): void;
}

/** Jobs that are shown; older ones stay in their folders. */
const SHOWN = 100;

/** Bytes of a log that are sent at a time, and of one that is looked at for the first time. */
const CHUNK = 1 << 16;

const POLL = 400;

export function createJobs(options: JobsOptions = {}): Jobs {
  const { atOnce = 1, startQueue = startQueueProcess } = options;
  const folder = resolve(options.folder ?? '.');
  const jobs = join(folder, 'jobs');
  const closing = new AbortController();

  const isAtWork = (): boolean => existsSync(lockOf(jobs)) && !isAbandoned(lockOf(jobs));
  /** A queue that is about to end looks once more after it has given its lock back. */
  const work = (): void => {
    if (!isAtWork()) startQueue(folder, jobs, atOnce);
  };
  const summary = (job: JobFile): JobSummary => summarize(jobs, job, isAtWork());
  const unfinished = readJobs(jobs).some(({ id }) => readState(jobs, id)?.state !== 'ended');
  if (unfinished) work();

  return {
    folder,
    atOnce,
    list: () => readJobs(jobs).slice(-SHOWN).reverse().map(summary),
    find: id => summary(requireJob(jobs, id)),
    start({ command, values }) {
      const job = addJob(jobs, { command, values, words: wordsOf(command, values) });
      work();
      return summary(job);
    },
    stop(id) {
      const job = requireJob(jobs, id);
      if (readState(jobs, id)?.state !== 'ended') {
        askToStop(jobs, id);
        work();
      }
      return summary(job);
    },
    remove(id) {
      requireJob(jobs, id);
      if (readState(jobs, id)?.state !== 'ended') {
        throw usageError('TSLM_JOB_UNFINISHED', `${id}: has not ended`, 'stop it first');
      }
      removeJob(jobs, id);
    },
    async *follow(id, after, given) {
      const signal = AbortSignal.any([given, closing.signal]);
      let next = after;
      let said = '';
      while (!signal.aborted) {
        const job = summary(requireJob(jobs, id)); // before the log, which is whole when this says so
        const log = readLog(logOf(jobs, id), next);
        if (log.text !== '') yield { type: 'log', ...log };
        next = log.next;
        const text = JSON.stringify(job);
        if (text !== said) yield { type: 'job', job };
        said = text;
        if (job.ended !== undefined && log.text === '') return;
        if (log.text === '') await sleep(POLL, undefined, { signal }).catch(() => {});
      }
    },
    close: () => closing.abort(),
  };
}

function summarize(jobs: string, job: JobFile, isAtWork: boolean): JobSummary {
  const { id, command, values, words, created } = job;
  const stops = stopsOf(jobs, id);
  const state = readState(jobs, id);
  const told = { id, command, values, line: commandLine(words), created, stops };
  if (state === undefined) return { ...told, state: stops > 0 ? 'stopped' : 'waiting' };
  const { began } = state;
  if (state.state === 'ended') {
    const problem = state.outcome === 'failed' ? problemOf(logOf(jobs, id)) : undefined;
    return { ...told, state: state.outcome, began, ended: state.ended, code: state.code ?? undefined, problem };
  }
  // Its queue has ended without a word, and so has the command: the next queue writes that down.
  if (!isAtWork && hasEnded(state.pid, state.start)) return { ...told, state: 'interrupted', began };
  return { ...told, state: 'running', began, progress: readProgress(jobs, id) };
}

/** What the command said of its failure: its last line with a `tslm:`, and the hint below. */
function problemOf(log: string): string | undefined {
  const lines = readLog(log, undefined).text.trimEnd().split('\n');
  const at = lines.findLastIndex(line => line.startsWith('tslm: ') && !line.startsWith('tslm: warning:'));
  if (at < 0) return lines.at(-1) || undefined;
  const [, hint] = /^ {2}→ (.*)/.exec(lines[at + 1] ?? '') ?? [];
  return `${lines[at].slice('tslm: '.length)}${hint === undefined ? '' : ` → ${hint}`}`;
}

/** Whole characters from a byte on; from nowhere in particular: the end. */
function readLog(path: string, after: number | undefined): { text: string; next: number } {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return { text: '', next: 0 }; // it waits
  }
  try {
    const { size } = fstatSync(fd);
    // Of a long log the beginning is not sent.
    const start = after === undefined || after > size || size - after > 16 * CHUNK ? Math.max(0, size - CHUNK) : after;
    const bytes = Buffer.alloc(Math.min(CHUNK, size - start));
    const read = readSync(fd, bytes, 0, bytes.length, start);
    const end = wholeCharacters(bytes.subarray(0, read));
    return { text: bytes.toString('utf8', 0, end), next: start + end };
  } finally {
    closeSync(fd);
  }
}

/** Bytes up to the last whole character of UTF-8. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let i = bytes.length - 1; i >= Math.max(0, bytes.length - 4); i--) {
    if ((bytes[i] & 0b1100_0000) === 0b1000_0000) continue; // goes on with a character
    const length = bytes[i] < 0x80 ? 1 : bytes[i] < 0xe0 ? 2 : bytes[i] < 0xf0 ? 3 : 4;
    return i + length > bytes.length ? i : bytes.length;
  }
  return bytes.length;
}

/** It has a session of its own, so that what ends the server in a terminal does not end it. */
function startQueueProcess(folder: string, jobs: string, atOnce: number): void {
  const file = workerFile(import.meta.url, './queue-process');
  spawn(process.execPath, [file, folder, jobs, String(atOnce)], {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
  }).unref();
}
