import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mapFile } from '../../src/torch/index.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const path = join(folder, 'bytes');

describe('mapFile', () => {
  it('gives the bytes, and keeps writes to itself', () => {
    const content = Buffer.alloc(10_000, 'tslm');
    writeFileSync(path, content);
    const bytes = mapFile(path);
    expect(Buffer.compare(bytes, content)).toBe(0);
    bytes[0] = 1;
    expect(mapFile(path)[0]).toBe(content[0]);
    expect(bytes[0]).toBe(1);
  });

  it('gives an empty array for an empty file', () => {
    writeFileSync(path, '');
    expect(mapFile(path).length).toBe(0);
  });

  it.each([
    ['a missing file', 'none', 'TSLM_ENOENT', 'no such file or folder'],
    ['a folder', '', 'TSLM_EISDIR', 'is a folder, a file was expected'],
    ['a path through a file', 'bytes/x', 'TSLM_ENOTDIR', 'a part of the path is a file, a folder was expected'],
  ])('refuses %s in one line', (_, name, code, what) => {
    writeFileSync(path, 'x');
    const target = join(folder, name);
    expect(() => mapFile(target)).toThrow(
      expect.objectContaining({ name: 'UserError', code, message: `${target}: ${what}` }),
    );
  });

  it('names the path of what it cannot explain', () => {
    const long = join(folder, 'x'.repeat(300));
    expect(() => mapFile(long)).toThrow(`${long}: cannot be mapped (ENAMETOOLONG)`);
  });
});
