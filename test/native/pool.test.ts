/** The pool of threads under ThreadSanitizer. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const compiler = process.env.CXX ?? 'c++';
const run = (command: string, args: string[]) => spawnSync(command, args, { encoding: 'utf8' });
const hasSetarch = run('setarch', ['-R', 'true']).status === 0;

describe.skipIf(!process.env.TSLM_LONG || !hasSetarch || run(compiler, ['--version']).status !== 0)('the pool', () => {
  it('has no race, and does every part once', context => {
    const program = join(scratch, 'pool');
    const folders = ['native/kernels', 'test/native/without-libtorch'].map(folder => `-I${join(root, folder)}`);
    const flags = ['-std=c++17', '-O1', '-g1', '-Wall', '-Wextra', '-Werror', '-fsanitize=thread', ...folders];
    const compiled = run(compiler, [...flags, join(root, 'test/native/pool.cc'), '-o', program, '-ldl', '-pthread']);
    if (/cannot find -ltsan|libtsan/.test(compiled.stderr)) context.skip('the compiler has no ThreadSanitizer');
    expect(compiled.status, compiled.stderr).toBe(0);
    // It wants memory at fixed places.
    const { status, stdout, stderr } = run('setarch', ['-R', program]);
    expect(stderr).toBe('');
    expect(stdout).toBe('right\n');
    expect(status).toBe(0);
  });
});
