/** SQLite, for what a service learns from: an optional dependency, since its binary comes from GitHub or from a compiler. */
import { createRequire } from 'node:module';
import type BetterSqlite from 'better-sqlite3';
import { UserError } from './errors.ts';

/** @throws UserError where npm could neither fetch nor compile it */
export function openSqlite(path: string, options: BetterSqlite.Options = {}): BetterSqlite.Database {
  try {
    const Database = createRequire(import.meta.url)('better-sqlite3') as typeof BetterSqlite;
    return new Database(path, options);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new UserError('TSLM_NO_SQLITE', 'better-sqlite3, which keeps answers and judgements, is not installed', {
      hint: 'npm rebuild better-sqlite3, or npm install it: the binary is fetched from GitHub, or compiled with python3, make and g++',
      cause: error,
    });
  }
}

/** The package, or the binary in it; npm leaves both away where they do not build, and the binary where scripts may not run. */
const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND' ||
    /bindings file|ERR_DLOPEN_FAILED/.test(error.message));

/** Whether SQLite itself refused something. */
export const isSqliteError = (error: unknown): error is Error => error instanceof Error && error.name === 'SqliteError';
