/**
 * A job's folder, `jobs/0007-train`: request.json is written once by who asks for it, state.json by the queue alone, `stop` by who
 * wants it ended, log.txt and progress.json by the command itself. So no file has two writers, and each side may end at any time.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno, UserError } from '../../../support/errors.ts';
import { makeFolder, readJson, writeFileAtomically, writeJson } from '../../../support/files.ts';
import type { ProgressReport } from '../../../support/progress.ts';
import type { JobCommand, JobValues } from './commands.ts';

export interface JobFile {
  id: string;
  command: JobCommand;
  values: JobValues;
  /** What is run: `tslm` and these. */
  words: readonly string[];
  /** ISO 8601. */
  created: string;
}

/** How a job ended; `interrupted`: the queue ended before it, and nobody knows. */
export type JobOutcome = 'done' | 'failed' | 'stopped' | 'interrupted';

export type JobStateFile =
  | { state: 'running'; pid: number; start?: string; began: string }
  | {
      state: 'ended';
      outcome: JobOutcome;
      began?: string;
      ended: string;
      code?: number | null;
      signal?: string | null;
    };

export const lockOf = (jobs: string): string => join(jobs, '.lock');
export const logOf = (jobs: string, id: string): string => join(jobs, id, 'log.txt');
export const progressOf = (jobs: string, id: string): string => join(jobs, id, 'progress.json');

/** In the order in which they were asked for. */
export function readJobs(jobs: string): JobFile[] {
  let names: string[];
  try {
    names = readdirSync(jobs);
  } catch {
    return []; // none was ever started here
  }
  return names
    .filter(name => /^\d+-[a-z]+$/.test(name) && existsSync(join(jobs, name, 'request.json')))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map(id => ({ ...(readJson(join(jobs, id, 'request.json')) as Omit<JobFile, 'id'>), id }));
}

/** @throws UserError `TSLM_JOB_NOT_FOUND` */
export function requireJob(jobs: string, id: string): JobFile {
  const found = readJobs(jobs).find(job => job.id === id);
  if (found) return found;
  throw new UserError('TSLM_JOB_NOT_FOUND', `there is no job '${id}'`, { hint: 'choose one from the list' });
}

export function addJob(jobs: string, job: Omit<JobFile, 'id' | 'created'>): JobFile {
  makeFolder(jobs);
  for (;;) {
    const last = Math.max(0, ...readdirSync(jobs).map(name => Number.parseInt(name, 10) || 0));
    const id = `${String(last + 1).padStart(4, '0')}-${job.command}`;
    try {
      mkdirSync(join(jobs, id));
    } catch (error) {
      if (isErrno(error, 'EEXIST')) continue; // another server was faster
      throw error;
    }
    const file = { ...job, created: new Date().toISOString() };
    writeJson(join(jobs, id, 'request.json'), file);
    return { ...file, id };
  }
}

export const removeJob = (jobs: string, id: string): void => rmSync(join(jobs, id), { recursive: true, force: true });

export const readState = (jobs: string, id: string): JobStateFile | undefined =>
  jsonIfThere<JobStateFile>(join(jobs, id, 'state.json'));

export const writeState = (jobs: string, id: string, state: JobStateFile): void =>
  writeJson(join(jobs, id, 'state.json'), state);

/** How often it was asked to end: once lets it save, twice does not. */
export function stopsOf(jobs: string, id: string): number {
  try {
    return Number(readFileSync(join(jobs, id, 'stop'), 'utf8'));
  } catch {
    return 0;
  }
}

export const askToStop = (jobs: string, id: string): void =>
  writeFileAtomically(join(jobs, id, 'stop'), String(Math.min(2, stopsOf(jobs, id) + 1)));

export const readProgress = (jobs: string, id: string): ProgressReport | undefined =>
  jsonIfThere<ProgressReport>(progressOf(jobs, id));

function jsonIfThere<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
