/** That what is renamed is forced to the disk: the file first, then the folder that has its name. */
import { fsyncSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { syncFolder, writeFileAtomically } from '../../src/support/files.ts';
import { writeFolder } from '../../src/support/write-folder.ts';
import { scratchFolder } from './scratch.ts';

vi.mock('node:fs', { spy: true });

const folder = scratchFolder();

/** What `action` forced to the disk and renamed, in order. */
async function traceOf(action: () => unknown): Promise<string[]> {
  const trace: string[] = [];
  const paths = new Map<number, string>();
  const short = (path: unknown): string =>
    String(path)
      .replace(`${folder}/`, '')
      .replaceAll(/[0-9a-f]{8}/g, '#');
  const original = await vi.importActual<typeof import('node:fs')>('node:fs');
  vi.mocked(openSync).mockImplementation((path, ...rest) => {
    const fd = original.openSync(path, ...rest);
    paths.set(fd, short(path));
    return fd;
  });
  vi.mocked(fsyncSync).mockImplementation(fd => {
    trace.push(`sync ${paths.get(fd)}`);
    original.fsyncSync(fd);
  });
  vi.mocked(renameSync).mockImplementation((from, to) => {
    trace.push(`rename to ${short(to)}`);
    original.renameSync(from, to);
  });
  await action();
  return trace;
}

it('a file that is written atomically', async () => {
  expect(await traceOf(() => writeFileAtomically(join(folder, 'a', 'file'), 'text'))).toEqual([
    'sync a/file.#.tmp',
    'rename to a/file',
    'sync a',
  ]);
});

it('a folder that is written beside its place', async () => {
  const write = (path: string): void => writeFileAtomically(join(path, 'file'), 'text');
  expect(await traceOf(() => writeFolder(join(folder, 'b', 'out'), write))).toEqual([
    'sync b/out.#.tmp/file.#.tmp',
    'rename to b/out.#.tmp/file',
    'sync b/out.#.tmp',
    'sync b/out.#.tmp',
    'rename to b/out',
    'sync b',
  ]);
});

it('a disk that fails is an error, a system that cannot sync folders is none', async () => {
  const failing = (code: string) => () => {
    throw Object.assign(new Error(code), { code });
  };
  vi.mocked(fsyncSync).mockImplementation(failing('EINVAL'));
  expect(() => syncFolder(folder)).not.toThrow();
  vi.mocked(fsyncSync).mockImplementation(failing('EIO'));
  expect(() => syncFolder(folder)).toThrow('EIO');
});
