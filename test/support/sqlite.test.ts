/** An optional dependency: what it does where it is there, and what is said where it is not. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { isSqliteError, openSqlite } from '../../src/support/sqlite.ts';
import { errorOf } from '../data/helpers.ts';
import { scratchFolder } from './scratch.ts';

const missing = vi.hoisted(() => ({ error: undefined as Error | undefined }));
vi.mock('node:module', async importOriginal => {
  const original = await importOriginal<typeof import('node:module')>();
  const createRequire = (from: string) => (name: string) => {
    if (missing.error) throw missing.error;
    return original.createRequire(from)(name) as unknown;
  };
  return { ...original, createRequire };
});
afterEach(() => {
  missing.error = undefined;
});

it('opens databases, and tells what SQLite refuses', async () => {
  const database = openSqlite(':memory:');
  expect(database.prepare('SELECT 1 + 1 AS two').get()).toEqual({ two: 2 });
  database.close();
  const path = join(scratchFolder(), 'no.db');
  writeFileSync(path, 'x'.repeat(5000));
  const refused = await errorOf(() => openSqlite(path).pragma('journal_mode = WAL'));
  expect(isSqliteError(refused)).toBe(true);
});

it.each([
  Object.assign(new Error("Cannot find module 'better-sqlite3'"), { code: 'MODULE_NOT_FOUND' }),
  new Error('Could not locate the bindings file. Tried: …'),
])('names the remedy where it is missing: %s', async error => {
  missing.error = error;
  const refused = await errorOf(() => openSqlite(':memory:'));
  expect(refused).toMatchObject({
    code: 'TSLM_NO_SQLITE',
    hint: expect.stringContaining('npm rebuild better-sqlite3'),
  });
});

it('does not explain other errors', async () => {
  missing.error = new Error('something else');
  expect(await errorOf(() => openSqlite(':memory:'))).toBe(missing.error);
});
