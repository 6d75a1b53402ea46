import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { mapFile } from '../../src/torch/index.ts';
import { runProcess } from '../helpers/cli.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();
const path = join(folder, 'bytes');
/** A compiled file, for processes of their own: what they do may end them. */
const dist = (name: string): string => join(root, 'dist', name);

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

  it('reads zeros of a file that is shortened meanwhile, and says so once', async () => {
    const script = `
      const { mapFile, requireWholeFiles, fromTypedArray, scope } = await import(${JSON.stringify(dist('torch/index.js'))});
      const { truncateSync } = await import('node:fs');
      const [path, other] = process.argv.slice(1);
      const [bytes, kept] = [mapFile(path), mapFile(other)];
      requireWholeFiles();
      truncateSync(path, 70_000);
      const x = fromTypedArray(new Float32Array(bytes.buffer), [512, 512], { copy: false });
      const product = scope(() => x.matmul(x).narrow(0, 256, 256).abs().sum().item());
      const told = [];
      for (let i = 0; i < 2; i++) try { requireWholeFiles(); } catch (e) { told.push(e.code, ...e.files); }
      console.log(JSON.stringify([product, bytes[0], bytes.at(-1), kept.at(-1), told]));`;
    for (const name of ['long', 'other']) writeFileSync(join(folder, name), Buffer.alloc(2 ** 20, 63));
    const [long, other] = ['long', 'other'].map(name => join(folder, name));
    const { code, stdout, stderr } = await runProcess(process.execPath, [
      ...['--input-type=module', '-e', script],
      ...[long, other],
    ]);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual([0, 63, 0, 63, ['TSLM_FILE_CHANGED', long]]);
  });

  it('sees the end cut off within a page, and not a file that has taken the place of the old one', async () => {
    const script = `
      const { mapFile, requireWholeFiles } = await import(${JSON.stringify(dist('torch/index.js'))});
      const { renameSync, truncateSync, writeFileSync } = await import('node:fs');
      const [path] = process.argv.slice(1);
      const bytes = mapFile(path);
      writeFileSync(path + '.new', 'short');
      renameSync(path + '.new', path);
      requireWholeFiles();
      const short = mapFile(path);
      truncateSync(path, 2);
      try { requireWholeFiles(); } catch (e) { console.log(e.message, bytes.length, short.length); }`;
    const file = join(folder, 'replaced');
    writeFileSync(file, Buffer.alloc(10_000, 1));
    const { stdout } = await runProcess(process.execPath, ['--input-type=module', '-e', script, file]);
    expect(stdout).toBe(`${file} was shortened while it was in use 10000 5\n`);
  });

  it('leaves bus errors that are not its own as they are', async () => {
    const script = `
      const { mapFile } = await import(${JSON.stringify(dist('torch/index.js'))});
      mapFile(process.argv[1]);
      process.kill(process.pid, 'SIGBUS');
      setTimeout(() => {}, 10_000);`;
    writeFileSync(path, 'x');
    const { signal } = await runProcess(process.execPath, ['--input-type=module', '-e', script, path]);
    expect(signal).toBe('SIGBUS');
  });

  it('names the path of what it cannot explain', () => {
    const loop = join(folder, 'loop');
    symlinkSync(loop, loop);
    expect(() => mapFile(loop)).toThrow(`${loop}: cannot be mapped (ELOOP)`);
  });
});
