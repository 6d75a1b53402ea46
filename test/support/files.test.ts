import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  readJson,
  temporaryBeside,
  writeAtomically,
  writeFileAtomically,
  writeFully,
  writeJson,
} from '../../src/support/files.ts';
import { scratchFolder } from './scratch.ts';

const folder = scratchFolder();

describe('writeAtomically', () => {
  it('makes the folders above, and shows the file only when it is whole', () => {
    const path = join(folder, 'a', 'b', 'file');
    writeAtomically(path, fd => {
      writeFully(fd, Buffer.from('half'));
      expect(existsSync(path)).toBe(false);
      writeFully(fd, Buffer.from(' and half'));
    });
    expect(readFileSync(path, 'utf8')).toBe('half and half');
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['file']);
  });

  it('keeps the old file and leaves nothing beside it when writing fails', () => {
    const path = join(folder, 'kept', 'file');
    writeFileAtomically(path, 'old');
    const write = () =>
      writeAtomically(path, fd => {
        writeFully(fd, Buffer.from('new'));
        throw new Error('interrupted');
      });
    expect(write).toThrow('interrupted');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(join(folder, 'kept'))).toEqual(['file']);
    writeFileAtomically(path, new Uint8Array([110, 101, 119]));
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('names the path when the system refuses', () => {
    const file = join(folder, 'plain');
    writeFileSync(file, '');
    const below = join(file, 'x');
    expect(() => writeFileAtomically(below, '')).toThrow(
      expect.objectContaining({ name: 'UserError', message: expect.stringContaining(below) }),
    );
    const place = join(folder, 'occupied');
    mkdirSync(join(place, 'inner'), { recursive: true });
    expect(() => writeFileAtomically(place, '')).toThrow(expect.objectContaining({ code: 'TSLM_EISDIR' }));
    expect(readdirSync(folder).filter(name => name.endsWith('.tmp'))).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)('says where it may not write', () => {
    const locked = join(folder, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o500);
    expect(() => writeFileAtomically(join(locked, 'x'), '')).toThrow(expect.objectContaining({ code: 'TSLM_EACCES' }));
  });

  it('uses another temporary name each time', () => {
    const names = new Set(Array.from({ length: 50 }, () => temporaryBeside('/a/b')));
    expect(names.size).toBe(50);
    for (const name of names) expect(name).toMatch(/^\/a\/b\.[0-9a-f]{8}\.tmp$/);
  });
});

describe('JSON', () => {
  it('comes back as it went', () => {
    const path = join(folder, 'x.json');
    const value = { a: [1, 2.5, null], é: { b: 'text' } };
    writeJson(path, value);
    expect(readJson(path)).toEqual(value);
    expect(readFileSync(path, 'utf8')).toMatch(/^\{\n {2}"a"[\s\S]*\}\n$/);
  });

  it('that is malformed or missing is one line with the path', () => {
    const path = join(folder, 'bad.json');
    for (const text of ['', '{"a":', 'nope']) {
      writeFileSync(path, text);
      expect(() => readJson(path)).toThrow(
        expect.objectContaining({ code: 'TSLM_BAD_JSON', message: expect.stringContaining(`${path}: not valid JSON`) }),
      );
    }
    expect(() => readJson(join(folder, 'none.json'))).toThrow(expect.objectContaining({ code: 'TSLM_ENOENT' }));
  });
});
