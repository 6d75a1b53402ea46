/**
 * Learning while a server answers: `tslm learn` in a process of its own behind everything else (a tenth of a processor that others want). It takes
 * the server's memory and its requests for nothing; what passes the gate reaches the server by the links that it follows anyway.
 */
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../support/root.ts';
import type { OnPass } from './learn.ts';

export interface BackgroundOptions {
  /** New judgements that are worth a round. */
  after: number;
  /** Where a candidate goes that passed. Default `promote`. */
  then?: OnPass;
  /** Files of rows of what the model was trained on. Default: what its run.json names. */
  replay?: readonly string[];
  /** Told what the process prints, a line at a time. */
  onNote: (note: string) => void;
  /** Told when it has ended by itself; it begins again after `restartMs`. */
  onError: (problem: string) => void;
  /** Default a minute. */
  restartMs?: number;
}

/** @returns what ends it: nothing is changed by a round that was interrupted */
export function learnInBackground(
  folder: string,
  { after, then = 'promote', replay = [], onNote, onError, restartMs = 60_000 }: BackgroundOptions,
): { close(): Promise<void> } {
  let isClosing = false;
  let timer: NodeJS.Timeout | undefined;
  let child: ReturnType<typeof start>;
  let ended: Promise<void>;

  function start() {
    const args = [join(root, 'bin/tslm'), 'learn', folder, '--after', String(after), '--then', then];
    args.push(...replay.flatMap(file => ['--replay', file]));
    const started = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    try {
      if (started.pid !== undefined) setPriority(started.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    } catch {
      // A system without priorities.
    }
    for (const stream of [started.stdout, started.stderr]) {
      createInterface({ input: stream! }).on('line', line => line.trim() !== '' && onNote(`learn: ${line.trim()}`));
    }
    ended = new Promise(resolve => {
      started.once('error', error => onError(error.message));
      started.once('close', (code, signal) => {
        resolve();
        if (isClosing) return;
        onError(`learning ended with ${signal ?? code}`);
        timer = setTimeout(() => (child = start()), restartMs).unref();
      });
    });
    return started;
  }

  child = start();
  return {
    async close() {
      isClosing = true;
      clearTimeout(timer);
      child.kill('SIGTERM');
      await ended;
    },
  };
}
