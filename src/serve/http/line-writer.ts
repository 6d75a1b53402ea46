/**
 * Lines to a file descriptor, never waited for: a disk that is full, a pipe that nobody reads or that was closed costs lines,
 * and neither time nor the process.
 */
import { write as writeTo } from 'node:fs';
import { isErrno } from '../../support/errors.ts';

export interface LineWriter {
  /** Takes one line with its end. */
  write(line: string): void;
  /** Lines that were given up. */
  readonly dropped: number;
  /** Resolves when everything buffered is written, at the latest after this many milliseconds (default 500). */
  end(patienceMs?: number): Promise<void>;
}

type Write = (fd: number, bytes: Uint8Array, done: (error: Error | null, written: number) => void) => void;

export interface LineWriterOptions {
  /** Bytes that may wait; what comes beyond is dropped. Default 1 MiB. */
  maxWaiting?: number;
  /** Milliseconds until a pipe that was full is tried again. Default 50. */
  retryMs?: number;
  /** Writes some bytes to the descriptor; default the system's call, in a thread of its own. */
  write?: Write;
}

/** Bytes of a write. */
const PORTION = 64 * 1024;

export function createLineWriter(
  fd: 1 | 2,
  { maxWaiting = 2 ** 20, retryMs = 50, write = defaultWrite }: LineWriterOptions = {},
): LineWriter {
  const lines: Buffer[] = [];
  let waiting = 0;
  let dropped = 0;
  /** What is being written: whole lines, and how many they are. */
  let current: { bytes: Buffer; lines: number; isBegun: boolean } | undefined;
  let isBusy = false;
  /** A line was written in part: its rest was lost, and the next one begins on a new line. */
  let isTorn = false;
  let wake: (() => void) | undefined;

  function next(): void {
    if (isBusy) return;
    current ??= take();
    if (!current) {
      wake?.();
      return;
    }
    isBusy = true;
    write(fd, current.bytes, after);
  }

  function take(): typeof current {
    if (lines.length === 0) return undefined;
    let size = 0;
    let count = 0;
    while (count < lines.length && (count === 0 || size + lines[count].length <= PORTION))
      size += lines[count++].length;
    const parts = lines.splice(0, count);
    if (isTorn) parts.unshift(Buffer.from('\n'));
    isTorn = false;
    waiting -= size;
    return { bytes: Buffer.concat(parts), lines: count, isBegun: false };
  }

  function after(error: Error | null, written: number): void {
    isBusy = false;
    const { bytes, lines: count, isBegun } = current!;
    if (error && isErrno(error, 'EAGAIN')) {
      setTimeout(next, retryMs).unref();
      return;
    }
    if (error) {
      dropped += count;
      isTorn = isBegun;
      current = undefined;
    } else if (written < bytes.length) {
      current = { bytes: bytes.subarray(written), lines: newlines(bytes, written, count), isBegun: true };
    } else {
      current = undefined;
    }
    next();
  }

  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (waiting + bytes.length > maxWaiting) {
        dropped++;
        return;
      }
      lines.push(bytes);
      waiting += bytes.length;
      next();
    },
    get dropped() {
      return dropped;
    },
    end: (patienceMs = 500) =>
      new Promise(resolve => {
        const timer = setTimeout(resolve, patienceMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        next();
      }),
  };
}

/** Lines that are still to be written. */
function newlines(bytes: Buffer, written: number, count: number): number {
  let ended = 0;
  for (let at = bytes.indexOf(10); at >= 0 && at < written; at = bytes.indexOf(10, at + 1)) ended++;
  return Math.max(1, count - ended);
}

function defaultWrite(fd: number, bytes: Uint8Array, done: (error: Error | null, written: number) => void): void {
  // Node makes a pipe answer at once when it makes its own stream of it: a full one is EAGAIN then, and blocks no thread.
  void (fd === 1 ? process.stdout : process.stderr);
  writeTo(fd, bytes, 0, bytes.length, null, done);
}
