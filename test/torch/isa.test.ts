/** The products of a lesser processor than this one, in a process that is told to take them. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();

function testsWith(isa: string): { numPassedTests: number; numFailedTests: number } {
  const file = join(scratch, `${isa}.json`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const files = ['products', 'packed-linear', 'paged-attention'].map(name => `test/torch/${name}.test.ts`);
  const args = [vitest, 'run', ...files, '--reporter=json', `--outputFile=${file}`];
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, TSLM_ISA: isa },
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(readFileSync(file, 'utf8'));
}

describe.skipIf(!hasProducts())('TSLM_ISA', () => {
  it('avx512: the same tests pass without tiles', { timeout: 120_000 }, () => {
    const { numPassedTests, numFailedTests } = testsWith('avx512');
    expect(numFailedTests).toBe(0);
    expect(numPassedTests).toBeGreaterThan(40);
  });

  it('none: an operator that is called all the same says what it needs', { timeout: 60_000 }, () => {
    const code = `
      import { randn } from './dist/torch/index.js';
      import { hasProducts, linearProduct } from './dist/torch/products.js';
      console.log(hasProducts());
      try { linearProduct(randn([40, 8]).to('bfloat16'), randn([4, 8])); } catch (error) { console.log(error.message); }`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      cwd: root,
      env: { ...process.env, TSLM_ISA: 'none' },
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/^false\n.*linear needs a processor with AVX512-BF16/s);
  });
});
