import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readTextFile } from '../../../src/support/encoding/text-file.ts';
import { scratchFolder } from '../scratch.ts';

const folder = scratchFolder();

async function read(name: string, content: Uint8Array, encoding = 'auto') {
  const path = join(folder, name);
  writeFileSync(path, content);
  const parts: Uint8Array[] = [];
  for await (const bytes of readTextFile(path, { encoding })) parts.push(bytes);
  return Buffer.concat(parts).toString();
}

/** `zstd` wrote it, in two frames: “天地玄黄\n” and “one two three\n” a hundred times. */
const ZSTD = readFileSync('test/fixtures/two-frames.zst');

describe('a text file', () => {
  it('is unpacked and read as UTF-8, from any encoding', async () => {
    const gbk = Buffer.from('zOy12A==', 'base64');
    expect(await read('a.txt', Buffer.from('\ufeff天地'))).toBe('天地');
    expect(await read('b.txt', gbk, 'gbk')).toBe('天地');
    expect(await read('c.txt.gz', gzipSync(gbk), 'gb18030')).toBe('天地');
    expect(await read('d.txt.zst', ZSTD)).toBe(`天地玄黄\n${'one two three\n'.repeat(100)}`);
    expect(await read('e.txt', new Uint8Array(0))).toBe('');
  });

  it('whose encoding is not sure is refused with the option that names it', async () => {
    await expect(read('f.txt', Buffer.from('a \xe9', 'latin1'))).rejects.toMatchObject({
      code: 'TSLM_UNKNOWN_ENCODING',
      hint: expect.stringContaining('--encoding'),
    });
    expect(await read('f.txt', Buffer.from('a \xe9', 'latin1'), 'latin1')).toBe('a é');
    await expect(read('f.txt', Buffer.from('a'), 'gbq')).rejects.toMatchObject({ code: 'TSLM_BAD_VALUE', exitCode: 2 });
  });

  it('that is cut short is refused with its name', async () => {
    const cut = { message: expect.stringContaining('g.txt') };
    await expect(read('g.txt.gz', gzipSync('text '.repeat(1000)).subarray(0, 30))).rejects.toMatchObject({
      code: 'TSLM_BAD_GZIP',
      ...cut,
    });
    await expect(read('g.txt.zst', ZSTD.subarray(0, 40))).rejects.toMatchObject({ code: 'TSLM_BAD_ZSTD', ...cut });
    await expect(read('g.txt.zst', Buffer.from('no zstd'))).rejects.toMatchObject({ code: 'TSLM_BAD_ZSTD', ...cut });
  });
});
