/**
 * The server's log: one line of JSON for each request, on stderr, without what was asked or answered. Requests never wait for
 * it: lines wait in memory until the system takes them, and what cannot be written is dropped and counted.
 */
import pino, { type Logger } from 'pino';
import { createLineWriter, type LineWriter } from './line-writer.ts';

export type { Logger };

export interface Log {
  logger: Logger;
  /** A line for a person, in between. */
  note(line: string): void;
  /** Lines that could not be written so far. */
  readonly dropped: number;
  /** Waits for the lines that are left, a moment at most. */
  end(): Promise<void>;
}

export function createLog(level = 'info', writer: LineWriter = createLineWriter(2)): Log {
  const options = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime };
  return {
    logger: pino(options, writer),
    note: line => writer.write(`${line}\n`),
    get dropped() {
      return writer.dropped;
    },
    end: () => writer.end(),
  };
}

/** Of a server inside of another program, or of a test. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
