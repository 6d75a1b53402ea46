/** The readers of the bridge's shared buffer under libFuzzer, or where there is none under inputs drawn from a seed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { buildRecord } from '../../src/torch/native.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const run = (command: string, args: string[], env = {}) =>
  spawnSync(command, args, { encoding: 'utf8', cwd: scratch, env: { ...process.env, ...env } });
const has = (command: string): boolean => run(command, ['--version']).status === 0;

/** What one input may ask of memory. */
const MOST_MIB = 64;
const ASAN = { ASAN_OPTIONS: `detect_leaks=0:max_allocation_size_mb=${MOST_MIB}`, UBSAN_OPTIONS: 'halt_on_error=1' };
const CHECKS = 'address,undefined,float-cast-overflow';

/** The program, compiled against the libtorch of the bridge. */
function compiled(
  compiler: string,
  name: string,
  flags: string[],
): { status: number | null; stderr: string; program: string } {
  const { flags: own, libtorch } = buildRecord()!;
  const program = join(scratch, name);
  const libraries = [`-L${libtorch.lib}`, `-Wl,-rpath,${libtorch.lib}`, ...libtorch.libraries.map(each => `-l${each}`)];
  const args = [
    ...own.filter(flag => !/^-(O|g|fvisibility)/.test(flag)),
    '-O1',
    '-g1',
    ...flags,
    `-I${join(root, 'native')}`,
  ];
  const source = join(root, 'test/native/fuzz-codec.cc');
  const { status, stderr } = run(compiler, [...args, source, '-o', program, '-Wl,--no-as-needed', ...libraries]);
  return { status, stderr, program };
}

const clang = ['clang++', ...[19, 18, 17, 16, 15, 14].map(version => `clang++-${version}`)].find(has);
const compiler = process.env.CXX ?? 'c++';

describe.skipIf(!process.env.TSLM_LONG || !has(compiler))('the shared buffer', { timeout: 1_800_000 }, () => {
  it('with anything in it is values or an error, with inputs of a seed', () => {
    const flags = ['-DALONE', `-fsanitize=${CHECKS}`, '-fno-sanitize=vptr', '-fno-sanitize-recover=all'];
    const { status, stderr, program } = compiled(compiler, 'alone', flags);
    expect(status, stderr).toBe(0);
    const outcome = run(program, ['100000', process.env.TSLM_SEED ?? '1'], ASAN);
    expect(outcome.stderr).toBe('');
    expect(outcome.status).toBe(0);
    expect(Number(outcome.stdout.match(/^(\d+) of 100000 were read$/m)?.[1])).toBeGreaterThan(1000);
  });

  it.skipIf(!clang)('with anything in it is values or an error, with inputs that libFuzzer finds', context => {
    const flags = [`-fsanitize=fuzzer,${CHECKS}`, '-fno-sanitize=vptr', '-fno-sanitize-recover=all'];
    const { status, stderr, program } = compiled(clang!, 'fuzzer', flags);
    if (/libclang_rt\.fuzzer/.test(stderr)) context.skip(`${clang} has no libFuzzer`);
    expect(status, stderr).toBe(0);
    const corpus = join(scratch, 'corpus');
    mkdirSync(corpus);
    const limits = [`-malloc_limit_mb=${MOST_MIB}`, '-rss_limit_mb=2048', '-timeout=10', '-max_len=200'];
    const outcome = run(program, ['-runs=100000', `-seed=${process.env.TSLM_SEED ?? 1}`, ...limits, corpus], ASAN);
    expect(outcome.status, outcome.stderr.slice(-4000)).toBe(0);
    expect(outcome.stderr).toMatch(/Done 100000 runs/);
  });
});
