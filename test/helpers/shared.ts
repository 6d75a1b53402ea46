/**
 * More recorded results and data sets, which lie in `../shared` on some machines and nowhere else. A test names them by these
 * functions alone: where they are missing there is no path, and nothing that could read one is run.
 */
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { globSync } from 'tinyglobby';
import { describe, it } from 'vitest';
import { root } from '../../src/support/root.ts';

const folder = join(root, '..', 'shared');

/** Where `path` below `../shared` is, from the project's root; undefined when it is not there. */
export function shared(path: string): string | undefined {
  const full = join(folder, path);
  return existsSync(full) ? relative(root, full) : undefined;
}

/** The files and folders of `../shared` that match a pattern, in order; none where it is not there. */
export const sharedFiles = (pattern: string): string[] =>
  globSync(pattern, { cwd: folder })
    .sort()
    .map(path => relative(root, join(folder, path)));

/**
 * `describe` with what lies at `path` below `../shared`. The body of a `describe` that is skipped would run all the same, to
 * collect its tests; this one runs only where there is something to read.
 */
export function describeShared(path: string, name: string, body: (path: string) => void): void {
  const found = shared(path);
  if (found) describe(name, () => body(found));
  else describe.skip(`${name} (../shared/${path} is not there)`, () => {});
}

/** `it` with what lies at `path` below `../shared`, or skipped. */
export function itShared(
  path: string,
  name: string,
  body: (path: string) => void | Promise<void>,
  timeout = 60_000,
): void {
  const found = shared(path);
  it.skipIf(!found)(name, { timeout }, () => body(found!));
}
