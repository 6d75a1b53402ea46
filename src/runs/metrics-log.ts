/**
 * metrics.jsonl: what happened at each step, one JSON object a line, in order. Lines are appended whole, so that a crash
 * costs at most the last one. JSON has no NaN and no infinities; a diverged loss is written as the string "NaN",
 * "Infinity" or "-Infinity" and read back as the number.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { namingFile, UserError } from '../support/errors.ts';
import { makeFolder, writeFully } from '../support/files.ts';

/** Named numbers of one step. */
export type MetricsRow = { step: number } & Record<string, number>;

export interface MetricsLog {
  append(row: MetricsRow): void;
  /** Forces what was appended to the disk, as before a checkpoint that relies on it. */
  sync(): void;
  close(): void;
}

/**
 * Opens a log for appending.
 *
 * @param options.resumeStep the step of the checkpoint from which a run goes on: later lines, and a last line that was
 *   cut off, are removed. Without it the log begins anew.
 */
export function openMetricsLog(path: string, { resumeStep }: { resumeStep?: number } = {}): MetricsLog {
  const fd = openForAppending(path, resumeStep);
  return {
    append: row => namingFile(path, () => writeFully(fd, Buffer.from(`${JSON.stringify(row, spellNonFinite)}\n`))),
    sync: () => namingFile(path, () => syncIfFile(fd)),
    close: () => closeSync(fd),
  };
}

/**
 * Reads a log, oldest row first. A last line that was cut off is left out; a damaged line before it is an error, as is
 * a missing file.
 */
export const readMetrics = (path: string): MetricsRow[] => parse(path).map(({ row }) => row);

function openForAppending(path: string, resumeStep: number | undefined): number {
  return namingFile(path, () => {
    makeFolder(dirname(path));
    if (resumeStep === undefined) closeSync(openSync(path, 'w'));
    const fd = openSync(path, 'a');
    if (resumeStep !== undefined && fstatSync(fd).isFile()) ftruncateSync(fd, lengthThrough(path, resumeStep));
    return fd;
  });
}

/** A pipe or a device has nothing to force. */
function syncIfFile(fd: number): void {
  if (fstatSync(fd).isFile()) fsyncSync(fd);
}

/** Bytes of the lines up to and including those of `step`. */
function lengthThrough(path: string, step: number): number {
  let length = 0;
  for (const { row, end } of parse(path)) {
    if (row.step > step) break;
    length = end;
  }
  return length;
}

/** Rows, each with the byte offset at which its line ends. */
function parse(path: string): { row: MetricsRow; end: number }[] {
  const bytes = namingFile(path, () => readFileSync(path));
  const rows: { row: MetricsRow; end: number }[] = [];
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    if (newline < 0) break;
    const line = bytes.toString('utf8', start, newline);
    const row = parseMetricsLine(line);
    if (row) rows.push({ row, end: newline + 1 });
    else if (newline + 1 < bytes.length) {
      throw new UserError(
        'TSLM_BAD_METRICS',
        `${path}:${rows.length + 1}: not a line of metrics: ${line.slice(0, 60)}`,
        {
          hint: 'remove the damaged line',
        },
      );
    }
    start = newline + 1;
  }
  return rows;
}

/** A line as numbers; undefined for one that is damaged. */
export function parseMetricsLine(line: string): MetricsRow | undefined {
  try {
    const row = JSON.parse(line, reviveNonFinite);
    return typeof row?.step === 'number' ? row : undefined;
  } catch {
    return undefined;
  }
}

/** For `JSON.stringify`: what JSON has no number for becomes a string. */
export const spellNonFinite = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

const reviveNonFinite = (_: string, value: unknown): unknown =>
  value === 'NaN' || value === 'Infinity' || value === '-Infinity' ? Number(value) : value;
