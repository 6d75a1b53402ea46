import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { native } from '../../src/torch/native.ts';
import { scratchFolder } from '../support/scratch.ts';

const folder = scratchFolder();

// Schemas, and so the comments in the file, differ a little between versions of libtorch.
describe.skipIf(!native().runtimeInfo().version.startsWith('1.13'))('ops.ts', () => {
  it('is what the generator writes', () => {
    const path = join(folder, 'ops.ts');
    execFileSync(process.execPath, ['scripts/generate-ops.mjs', path]);
    const format = ['node_modules/@biomejs/biome/bin/biome', 'format', '--stdin-file-path=src/torch/ops.ts'];
    const formatted = execFileSync(process.execPath, format, { input: readFileSync(path) });
    expect(formatted.toString()).toBe(readFileSync('src/torch/ops.ts', 'utf8'));
  });
});
