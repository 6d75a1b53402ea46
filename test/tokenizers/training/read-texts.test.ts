import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { readTexts } from '../../../src/tokenizers/training/read-texts.ts';
import { randomText, scratchFolder, writeFiles } from '../../data/helpers.ts';

const scratch = scratchFolder();

/** A text of several pieces, with characters of several bytes. */
const text = Array.from({ length: 400 }, (_, i) => `${randomText(600, i)} 天地玄黄 😀\n`).join('');
writeFiles(scratch, { 'a.txt': text, 'a.txt.gz': gzipSync(text) });

test.each(['a.txt', 'a.txt.gz'])('%s comes in pieces that are the text, and its own bytes are counted', async name => {
  const pieces: string[] = [];
  let bytes = 0;
  for await (const piece of readTexts([join(scratch, name)], { onBytes: count => (bytes += count) }))
    pieces.push(piece);
  expect(pieces.length).toBeGreaterThan(1);
  expect(pieces.join('') === text).toBe(true);
  expect(bytes).toBe(Buffer.byteLength(text));
});

test('pieces end where lines do', async () => {
  const pieces: string[] = [];
  for await (const piece of readTexts([join(scratch, 'a.txt')])) pieces.push(piece);
  for (const piece of pieces) expect(piece.endsWith('\n')).toBe(true);
});
