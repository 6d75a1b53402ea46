/** metrics.jsonl from a byte on, so that a page which follows a run is sent each line once. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type MetricsRow, parseMetricsLine } from '../../runs/metrics-log.ts';

export interface MetricsTail {
  rows: MetricsRow[];
  /** The byte after the last whole line. */
  next: number;
  /** The file became shorter, as when a run is resumed: rows are from its beginning. */
  restarted: boolean;
  hasMore: boolean;
}

const NEWLINE = 10;

/**
 * Whole lines from byte `after` on; a last line that is still being written comes the next time, damaged ones are left out.
 *
 * @param limit bytes that are read at most; default 1 MiB
 */
export function readMetricsTail(path: string, after: number, { limit = 1 << 20 } = {}): MetricsTail {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const start = isLineStart(fd, after, size) ? after : 0;
    const bytes = Buffer.alloc(Math.min(limit, size - start));
    const read = readSync(fd, bytes, 0, bytes.length, start);
    const end = bytes.subarray(0, read).lastIndexOf(NEWLINE) + 1;
    const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
    const rows = lines.map(parseMetricsLine).filter(row => row !== undefined);
    return { rows, next: start + end, restarted: start !== after, hasMore: end > 0 && start + read < size };
  } finally {
    closeSync(fd);
  }
}

function isLineStart(fd: number, offset: number, size: number): boolean {
  if (offset === 0) return true;
  if (offset > size) return false;
  const before = Buffer.alloc(1);
  readSync(fd, before, 0, 1, offset - 1);
  return before[0] === NEWLINE;
}
