/** Progress on a terminal, and in the file that TSLM_PROGRESS names for whoever watches from outside. */
import { renameSync, writeFileSync } from 'node:fs';
import { formatCount, formatDuration } from './format.ts';

/** What the file of TSLM_PROGRESS holds. */
export interface ProgressReport {
  /** What is being done. */
  label: string;
  done: number;
  /** How much there is in all, where that is known. */
  total?: number;
  /** What is counted: `B`, `tokens`, `s`. */
  unit?: string;
  secondsLeft?: number;
  note?: string;
}

/** Milliseconds between two reports. */
const REPORT_EVERY = 500;
let reported = Number.NEGATIVE_INFINITY;

/** Writes the report, where somebody has asked for it; most of them are dropped. */
export function reportProgress(report: ProgressReport): void {
  const path = process.env.TSLM_PROGRESS;
  const now = performance.now();
  if (!path || (now - reported < REPORT_EVERY && report.done !== report.total)) return;
  reported = now;
  try {
    writeFileSync(`${path}.tmp`, JSON.stringify(report));
    renameSync(`${path}.tmp`, path);
  } catch {
    // The work does not depend on who watches it.
  }
}

/** One live line on stderr: what, how far, rate, time left. Silent when stderr is not a terminal. */
export interface Progress {
  /** Absolute position in the units of `total`; `note` is appended to the line. */
  update(done: number, note?: string): void;
  /** Clears the line. */
  end(): void;
}

/**
 * @param label what is being done: `tokenising`
 * @param options.total how much there is in all; without it there is no time left
 * @param options.unit what is counted: `B`, `tokens`
 * @param options.initial what was done before this began: part of how far, not of the rate
 */
export function createProgress(
  label: string,
  {
    total,
    unit = '',
    initial = 0,
    stream = process.stderr,
  }: { total?: number; unit?: string; initial?: number; stream?: NodeJS.WriteStream } = {},
): Progress {
  const start = performance.now();
  let drawn = 0;
  const report = (done: number, note: string): void => {
    const rate = (done - initial) / ((performance.now() - start) / 1000);
    const secondsLeft = total && rate > 0 ? (total - done) / rate : undefined;
    reportProgress({ label, done, total, unit: unit.trim() || undefined, secondsLeft, note: note || undefined });
  };
  return {
    update(done, note = '') {
      const now = performance.now();
      report(done, note);
      if (!stream.isTTY || (now - drawn < 100 && done !== total)) return;
      drawn = now;
      const seconds = (now - start) / 1000;
      const rate = (done - initial) / seconds;
      const parts = [
        label,
        total ? `${((100 * done) / total).toFixed(0).padStart(3)}%` : formatCount(done) + unit,
        seconds > 0.2 ? `${formatCount(rate)}${unit}/s` : '',
        total && seconds > 0.2 ? `${formatDuration((total - done) / rate)} left` : '',
        note,
      ];
      const line = parts.filter(Boolean).join('  ');
      stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`);
    },
    end() {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
