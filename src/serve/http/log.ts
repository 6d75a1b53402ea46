/** One line of JSON for each request, on stderr, without what was asked or answered. */
import pino, { type Logger } from 'pino';

export type { Logger };

export const createLogger = (level = 'info'): Logger =>
  pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));

/** Of a server inside of another program, or of a test. */
export const silentLogger = (): Logger => pino({ level: 'silent' });
