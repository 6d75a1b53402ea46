/** Starts the process of a trial, and answers what it asks. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { workerFile } from '../../support/workers.ts';
import type { Answer, Message, TrialJob } from './trial-messages.ts';

export type TrialEnd = Exclude<Message, { kind: 'report' }>;

export interface RunningTrial {
  process: ChildProcess;
  /** How the stretch ended; a process that died says so in `failed`. */
  end: Promise<TrialEnd>;
}

/**
 * @param threads of its arithmetic
 * @param onReport says whether it goes on
 */
export function runTrial(
  job: TrialJob,
  { threads, onReport }: { threads: number; onReport: (step: number, value: number) => Answer },
): RunningTrial {
  const child = spawn(process.execPath, [workerFile(import.meta.url, './trial-process')], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, TSLM_THREADS: String(threads) },
    // Ctrl-C is for the sweep, which tells its trials.
    detached: true,
  });
  const to = child.stdio[3] as Writable;
  to.on('error', () => {}); // a process that has died is heard of below
  let complaint = '';
  child.stderr!.setEncoding('utf8').on('data', text => {
    complaint = (complaint + text).slice(-2000);
  });
  const end = new Promise<TrialEnd>(resolve => {
    let last: TrialEnd | undefined;
    createInterface({ input: child.stdio[4] as Readable }).on('line', line => {
      const message = JSON.parse(line) as Message;
      if (message.kind === 'report') to.write(`${onReport(message.step, Number(message.value))}\n`);
      else last = message;
    });
    child.on('error', error => resolve({ kind: 'failed', code: 'TSLM_UNEXPECTED', message: error.message }));
    child.on('close', (code, signal) => {
      const said = complaint.trim().split('\n').at(-1);
      const message = `the process of the trial ended (${signal ?? code})${said ? `: ${said}` : ''}`;
      resolve(last ?? { kind: 'failed', code: 'TSLM_TRIAL_DIED', message });
    });
  });
  to.write(`${JSON.stringify(job)}\n`);
  return { process: child, end };
}
