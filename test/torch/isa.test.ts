/** The products of a lesser processor than this one, in a process that is told to take them. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { cpu } from '../../src/torch/cpu.ts';
import { processorTier } from '../../src/torch/native.ts';
import { hasProducts } from '../../src/torch/products.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();

function testsWith(isa: string): { numPassedTests: number; numFailedTests: number } {
  const file = join(scratch, `${isa}.json`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const ours = /^(kernels.*|products|packed-linear|paged-attention|dropout)\.test\.ts$/;
  const names = readdirSync(join(root, 'test/torch')).filter(name => ours.test(name));
  const files = [
    ...names.map(name => `test/torch/${name}`),
    'test/nn/weights/int8.test.ts',
    'test/nn/weights/nf4.test.ts',
  ];
  const args = [vitest, 'run', ...files, '--reporter=json', `--outputFile=${file}`];
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env: { ...process.env, TSLM_ISA: isa },
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The flag in /proc/cpuinfo without which a tier cannot run. */
const flagOf = (isa: string): string => (isa === 'avx512' ? 'avx512dq' : isa);

const answerWith = (isa: string, code: string): string =>
  spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: root,
    env: { ...process.env, TSLM_ISA: isa },
    encoding: 'utf8',
  }).stdout;

describe('TSLM_ISA', () => {
  const tier = `
    import { native, processorTier } from './dist/torch/native.js';
    import { fasterDtype } from './dist/torch/faster-dtype.js';
    try { console.log(processorTier(), fasterDtype(), native().runtimeInfo().products); } catch (error) { console.log(error.message); }`;

  it.skipIf(!cpu().flags.has('avx2'))('avx2: libtorch, its BLAS and our products take nothing wider', () => {
    expect(answerWith('avx2', tier)).toMatch(/^avx2 (float32|bfloat16) avx2\n$/);
  });

  it('refuses a name that is none, and what the processor lacks', () => {
    expect(answerWith('avx3', tier)).toContain("TSLM_ISA is 'avx3'");
    if (!cpu().flags.has('amx_bf16')) expect(answerWith('amx', tier)).toContain('this processor lacks');
  });
});

describe.skipIf(!hasProducts())('TSLM_ISA', () => {
  // Each lesser one that this processor has: kernels are compiled for all of them.
  const others = ['avx512_bf16', 'avx512', 'avx2'].filter(
    name => name !== processorTier() && cpu().flags.has(flagOf(name)),
  );
  for (const isa of others) {
    it.runIf(process.env.TSLM_LONG)(`${isa}: the same tests pass`, { timeout: 600_000 }, () => {
      const { numPassedTests, numFailedTests } = testsWith(isa);
      expect(numFailedTests).toBe(0);
      expect(numPassedTests).toBeGreaterThan(200);
    });
  }

  it('none: an operator that is called all the same says what it needs', { timeout: 60_000 }, () => {
    const code = `
      import { randn } from './dist/torch/index.js';
      import { hasProducts, linearProduct } from './dist/torch/products.js';
      console.log(hasProducts());
      try { linearProduct(randn([40, 8]).to('bfloat16'), randn([4, 8])); } catch (error) { console.log(error.message); }`;
    expect(answerWith('none', code)).toMatch(/^false\n.*linear needs a processor with AVX2, AVX-512, AMX or NEON/s);
  });
});
