/** What a file says that is passed over: worth a line, and no reason to stop. */
import { usageError } from './errors.ts';

/** Gets each warning as one line. */
export type OnWarning = (message: string) => void;

let byDefault: OnWarning = message => process.emitWarning(message, 'TslmWarning');
let current: { onWarning: OnWarning; outer: typeof current } | undefined;

/** Tells whoever asked for the work that is under way; who passes it on, whoever asked for that. */
export function warn(message: string): void {
  const asked = current;
  current = asked?.outer;
  try {
    (asked?.onWarning ?? byDefault)(message);
  } finally {
    current = asked;
  }
}

/** Runs `body`, which must not be asynchronous, with its warnings going to `onWarning`; undefined changes nothing. */
export function withWarnings<Result>(onWarning: OnWarning | undefined, body: () => Result): Result {
  const outer = current;
  current = onWarning ? { onWarning, outer } : outer;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Where warnings go that nobody asks for. Default: Node's own warnings, on stderr. */
export function setDefaultWarning(onWarning: OnWarning): void {
  byDefault = onWarning;
}

/** Each message once, however often a file is read. */
export function once(onWarning: OnWarning): OnWarning {
  const said = new Set<string>();
  return message => {
    if (said.has(message)) return;
    said.add(message);
    onWarning(message);
  };
}

/** Makes an error of a warning. */
export const refuseWarning: OnWarning = message => {
  throw usageError('TSLM_STRICT', message, 'take it out of the file, or do without --strict');
};
