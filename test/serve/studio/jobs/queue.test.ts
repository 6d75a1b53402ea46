/** The queue by the files that it reads and writes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { JobCommand, JobValues } from '../../../../src/serve/studio/jobs/commands.ts';
import { wordsOf } from '../../../../src/serve/studio/jobs/commands.ts';
import {
  addJob,
  askToStop,
  type JobFile,
  logOf,
  readJobs,
  readProgress,
  readState,
  writeState,
} from '../../../../src/serve/studio/jobs/job-files.ts';
import { runQueue } from '../../../../src/serve/studio/jobs/queue.ts';
import { startOf } from '../../../../src/support/processes.ts';
import { scratchFolder } from '../../../support/scratch.ts';
import { makePlace, type Place, prepare, train } from './helpers.ts';

const scratch = scratchFolder();
let count = 0;
const newPlace = (): Place => makePlace(scratch, `place-${++count}`);

const add = ({ jobs }: Place, { command, values }: { command: JobCommand; values: JobValues }): JobFile =>
  addJob(jobs, { command, values, words: wordsOf(command, values) });
const work = ({ folder, jobs, program }: Place, options: Parameters<typeof runQueue>[2] = {}) =>
  runQueue(folder, jobs, { program, pollMs: 20, ...options });
const outcomes = ({ jobs }: Place): string[] =>
  readJobs(jobs).map(({ id }) => {
    const state = readState(jobs, id);
    return state?.state === 'ended' ? state.outcome : (state?.state ?? 'waiting');
  });
const isRunning = (place: Place, { id }: JobFile) => expect.poll(() => readProgress(place.jobs, id)).toBeDefined();

it('runs one job after another, in their order, and ends', async () => {
  const place = newPlace();
  const added = [add(place, prepare()), add(place, prepare('texts/bad.txt')), add(place, prepare())];
  expect(added.map(({ id }) => id)).toEqual(['0001-prepare', '0002-prepare', '0003-prepare']);
  await work(place);
  expect(outcomes(place)).toEqual(['done', 'failed', 'done']);
  expect(readFileSync(logOf(place.jobs, added[0].id), 'utf8')).toBe('prepare texts/book.txt --out corpora/new\n');
  const states = added.map(({ id }) => readState(place.jobs, id)!);
  expect(states[1]).toMatchObject({ code: 1, signal: null });
  const times = states.flatMap(state => (state.state === 'ended' ? [state.began!, state.ended] : []));
  expect(times).toEqual([...times].sort());
});

it('a first stop lets the command save, and what waits goes on', async () => {
  const place = newPlace();
  const [running, next] = [add(place, train()), add(place, prepare())];
  const worked = work(place);
  await isRunning(place, running);
  expect(outcomes(place)).toEqual(['running', 'waiting']);
  askToStop(place.jobs, running.id);
  await worked;
  expect(outcomes(place)).toEqual(['stopped', 'done']);
  expect(readState(place.jobs, running.id)).toMatchObject({ code: 143, signal: null });
  expect(readFileSync(logOf(place.jobs, running.id), 'utf8')).toContain('stopping and saving');
  expect(readFileSync(logOf(place.jobs, next.id), 'utf8')).toContain('prepare');
});

it('a second stop ends what does not', async () => {
  const place = newPlace();
  const job = add(place, train(7));
  const worked = work(place);
  await isRunning(place, job);
  askToStop(place.jobs, job.id);
  await expect.poll(() => readFileSync(logOf(place.jobs, job.id), 'utf8')).toContain('stopping and saving');
  expect(outcomes(place)).toEqual(['running']);
  askToStop(place.jobs, job.id);
  await worked;
  expect(readState(place.jobs, job.id)).toMatchObject({ outcome: 'stopped', code: null, signal: 'SIGTERM' });
});

it('a job that waits is not started once it was stopped', async () => {
  const place = newPlace();
  const [first, second] = [add(place, prepare()), add(place, prepare())];
  askToStop(place.jobs, second.id);
  await work(place);
  expect(outcomes(place)).toEqual(['done', 'stopped']);
  expect(readState(place.jobs, second.id)).not.toHaveProperty('began');
  expect(readState(place.jobs, first.id)).toMatchObject({ code: 0 });
});

it('runs several at a time where it may', async () => {
  const place = newPlace();
  const added = [add(place, train()), add(place, train()), add(place, train())];
  const worked = work(place, { atOnce: 2 });
  await isRunning(place, added[1]);
  expect(outcomes(place)).toEqual(['running', 'running', 'waiting']);
  for (const { id } of added) askToStop(place.jobs, id);
  await worked;
  expect(outcomes(place)).toEqual(['stopped', 'stopped', 'stopped']);
});

it('leaves a folder to the queue that works there, which sees what is added meanwhile', async () => {
  const place = newPlace();
  const first = add(place, train());
  const worked = work(place);
  await isRunning(place, first);
  add(place, prepare());
  await work(place);
  expect(outcomes(place)).toEqual(['running', 'waiting']);
  askToStop(place.jobs, first.id);
  await worked;
  expect(outcomes(place)).toEqual(['stopped', 'done']);
});

it('a signal lets jobs save; those that wait go on waiting', async () => {
  const place = newPlace();
  const [running] = [add(place, train()), add(place, prepare())];
  const controller = new AbortController();
  const worked = work(place, { signal: controller.signal });
  await isRunning(place, running);
  controller.abort();
  await worked;
  expect(outcomes(place)).toEqual(['stopped', 'waiting']);
});

it('waits for a job that an earlier queue has left at work, and stops it', async () => {
  const place = newPlace();
  const left = add(place, train());
  add(place, prepare());
  const [executable, ...before] = place.program;
  const progress = join(place.jobs, left.id, 'progress.json');
  const child = spawn(executable, [...before, ...left.words], {
    stdio: 'ignore',
    env: { ...process.env, TSLM_PROGRESS: progress },
  });
  writeState(place.jobs, left.id, {
    state: 'running',
    pid: child.pid!,
    start: startOf(child.pid!),
    began: '2026-01-01',
  });
  const worked = work(place);
  await isRunning(place, left);
  expect(outcomes(place)).toEqual(['running', 'waiting']);
  const ended = once(child, 'exit');
  askToStop(place.jobs, left.id);
  await worked;
  expect((await ended)[0]).toBe(143);
  expect(outcomes(place)).toEqual(['stopped', 'done']);
});

it('a process that took the number of one that has ended is not touched', async () => {
  const place = newPlace();
  const job = add(place, train());
  writeState(place.jobs, job.id, { state: 'running', pid: process.pid, start: '1', began: '2026-01-01' });
  askToStop(place.jobs, job.id);
  await work(place);
  expect(outcomes(place)).toEqual(['interrupted']);
});

it('a program that is not there has failed', async () => {
  const place = newPlace();
  add(place, prepare());
  await work(place, { program: [join(scratch, 'nothing')] });
  expect(outcomes(place)).toEqual(['failed']);
});
