/** The bridge of this source against the newest PyTorch at hand, and the tests of tensors and modules with it; with `TSLM_NEWEST=1`. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { shared } from '../helpers/shared.ts';
import { scratchFolder } from '../support/scratch.ts';

const setup = process.env.TSLM_NEWEST ? shared('peers/setup.sh') : undefined;
const scratch = scratchFolder();
const PARTS = [
  'bench',
  'dist',
  'native',
  'scripts',
  'src',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];
const COMPILE = `
  import { compileBridge, planBridge } from './scripts/bridge.mjs';
  import { findLibtorch } from './scripts/libtorch.mjs';
  await compileBridge(planBridge(process.cwd(), findLibtorch()), process.env.CXX ?? 'c++', console.error);`;

/** A copy of the project without what was compiled for the libtorch here. */
function copyOfProject(): string {
  const copy = join(scratch, 'tslm');
  mkdirSync(copy);
  for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

it.skipIf(!setup)('compiles against it, and passes', { timeout: 1_200_000 }, context => {
  const made = spawnSync('bash', [setup!], { encoding: 'utf8' });
  if (made.status !== 0) context.skip(`no Python with PyTorch could be made: ${made.stderr.trim().split('\n').at(-1)}`);
  const python = made.stdout.trim().split('\n').at(-1)!;
  const locate = 'import importlib.util; print(*importlib.util.find_spec("torch").submodule_search_locations)';
  const libtorch = spawnSync(python, ['-c', locate], { encoding: 'utf8' }).stdout.trim();
  const cwd = copyOfProject();
  const env = { ...process.env, TSLM_LIBTORCH: libtorch, TSLM_LONG: '', TSLM_NEWEST: '', TSLM_WARNINGS: '' };
  const run = (...args: string[]) => spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });

  const compiled = run('--input-type=module', '-e', COMPILE);
  expect(compiled.status, compiled.stderr).toBe(0);
  const version = run('-e', 'console.log(require("./build/tslm.node").runtimeInfo().version)').stdout.trim();
  expect(Number(version.split('.')[0])).toBeGreaterThanOrEqual(2);

  const results = join(scratch, 'results.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const tested = run(vitest, 'run', 'test/torch', 'test/nn', '--reporter=json', `--outputFile=${results}`);
  const { numFailedTests, numPassedTests, testResults } = JSON.parse(readFileSync(results, 'utf8'));
  const failed = testResults.filter(({ status }: { status: string }) => status !== 'passed');
  expect(failed, tested.stderr).toEqual([]);
  expect(numFailedTests).toBe(0);
  expect(numPassedTests).toBeGreaterThan(300);
});
