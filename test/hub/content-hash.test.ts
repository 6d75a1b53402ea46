import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contentHash, feedFile } from '../../src/hub/content-hash.ts';
import { scratchFolder } from '../support/scratch.ts';

// What `git hash-object` and `sha256sum` print for a file with the line `hello`.
it.each([
  ['git', 'ce013625030ba8dba906f756967f9e9ca394464a'],
  ['sha256', '5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03'],
] as const)('%s', async (algorithm, expected) => {
  const path = join(scratchFolder(), 'hello');
  writeFileSync(path, 'hello\n');
  const hash = contentHash({ path, size: 6, hash: expected, algorithm });
  expect(await feedFile(hash, path)).toBe(6);
  expect(hash.digest('hex')).toBe(expected);
});
