/** Errors that a person can act on: what was wrong, where, and what to do. Printed as one line and a hint, no stack. */
export class UserError extends Error {
  /** Stable name for programs, `TSLM_…`. */
  readonly code: string;
  /** What to do about it, one line. */
  readonly hint: string | undefined;
  /** 1: the work failed; 2: the command was used wrongly. */
  readonly exitCode: 1 | 2;

  constructor(
    code: string,
    message: string,
    { hint, exitCode = 1, cause }: { hint?: string; exitCode?: 1 | 2; cause?: unknown } = {},
  ) {
    super(oneLine(message), { cause });
    this.name = 'UserError';
    this.code = code;
    this.hint = hint === undefined ? undefined : oneLine(hint);
    this.exitCode = exitCode;
  }
}

/** What a message quotes may have line ends: a pattern, the beginning of a file. */
const oneLine = (text: string): string => text.replace(/\s*[\n\r\u2028\u2029]\s*/g, ' ');

/** A mistake in how a command or function was called (exit code 2). */
export const usageError = (code: string, message: string, hint?: string): UserError =>
  new UserError(code, message, { hint, exitCode: 2 });

/** The message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** True for a Node.js system error with this code (`ENOENT`, `ENOSPC`, …). */
export const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && (error as NodeJS.ErrnoException).code === code;

const ERRNO_REMEDIES: Record<string, [what: string, hint: string]> = {
  ENOENT: ['no such file or folder', 'check the path'],
  EACCES: ['permission denied', 'choose a place that you may read and write'],
  EPERM: ['operation not permitted', 'choose a place that you may read and write'],
  EROFS: ['the file system is read-only', 'choose an output folder on a writable file system'],
  ENOSPC: ['the disk is full', 'free some space, or write to another disk'],
  EDQUOT: ['the disk quota is used up', 'free some space, or write to another disk'],
  EEXIST: ['a file is where a folder should be', 'remove it, or choose another path'],
  EFBIG: ['the file would be larger than this process may write', 'raise the limit with `ulimit -f`'],
  EIO: ['the disk reports an input/output error', 'check the disk, or write to another one'],
  EISDIR: ['is a folder, a file was expected', 'give the path of a file'],
  ENOTDIR: ['a part of the path is a file, a folder was expected', 'check the path'],
  EMFILE: ['too many open files', 'raise the limit with `ulimit -n`'],
  ENFILE: ['too many open files on this machine', 'end other programs'],
  ENOMEM: ['out of memory', 'end other programs, or ask for less'],
  ENAMETOOLONG: ['the name is too long', 'choose a shorter path'],
  ENODEV: ['cannot be mapped into memory', 'put it on another file system'],
};

/** Turns a file system error into a one-line `UserError` that names the path; passes everything else through. */
export function explainFileError(error: unknown, path?: string): unknown {
  if (!(error instanceof Error) || error instanceof UserError) return error;
  const { code, path: errorPath } = error as NodeJS.ErrnoException;
  const remedy = code === undefined ? undefined : ERRNO_REMEDIES[code];
  if (!remedy) return error;
  const where = path ?? errorPath;
  return new UserError(`TSLM_${code}`, `${where === undefined ? '' : `${where}: `}${remedy[0]}`, {
    hint: remedy[1],
    cause: error,
  });
}

/** Runs `action`; a file system error becomes a `UserError` that names `path`. */
export function namingFile<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw explainFileError(error, path);
  }
}
