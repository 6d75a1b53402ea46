/** The innermost products compiled without libtorch: for this processor, and for arm64 in an emulator where there is one. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../src/support/root.ts';
import { cpu } from '../../src/torch/cpu.ts';
import { buildRecord } from '../../src/torch/native.ts';
import { scratchFolder } from '../support/scratch.ts';

const scratch = scratchFolder();
const compiler = process.env.CXX ?? 'c++';
const FLAGS = [
  '-std=c++17',
  '-O3',
  '-fopenmp-simd',
  '-fno-trapping-math',
  '-fno-math-errno',
  '-Wall',
  '-Wextra',
  '-Wno-psabi',
  '-Werror',
];

const run = (command: string, args: string[], env = {}) =>
  spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });

function compiled(by: string, ...more: string[]): string {
  const program = join(scratch, `blocks-${by.split('/').at(-1)}`);
  const source = join(root, 'test/native/blocks.cc');
  const { status, stderr } = run(by, [...FLAGS, ...more, `-I${join(root, 'native/kernels')}`, source, '-o', program]);
  expect(status, stderr).toBe(0);
  return program;
}

const has = (command: string): boolean => run(command, ['--version']).status === 0;

describe.skipIf(!process.env.TSLM_LONG || !has(compiler))('blocks', () => {
  it('of this processor, in each of its tiers', () => {
    const program = compiled(compiler);
    const flags = { avx512: 'avx512dq', avx512_bf16: 'avx512_bf16', avx2: 'avx2' };
    const tiers = Object.entries(flags).flatMap(([tier, flag]) => (cpu().flags.has(flag) ? [tier] : []));
    for (const tier of ['none', ...tiers, undefined]) {
      const { status, stdout } = run(program, [], tier ? { TSLM_ISA: tier } : {});
      expect(status, stdout).toBe(0);
      expect(stdout).toMatch(/^\w+, int8 by [\w ]+: \d+ checks\n$/);
    }
  });
});

const ARM64 = 'aarch64-linux-gnu-g++';
const EMULATOR = ['qemu-aarch64', 'qemu-aarch64-static'].find(has);

describe.skipIf(!process.env.TSLM_LONG || !has(ARM64))('arm64', () => {
  it.skipIf(!EMULATOR)('blocks are right in the emulator, with products of eight bits and without', () => {
    const program = compiled(ARM64, '-static');
    for (const [processor, eightBits] of [
      ['max', 'dotprod'],
      ['cortex-a72', 'plain loops'],
    ]) {
      const { status, stdout, stderr } = run(EMULATOR!, ['-cpu', processor, program]);
      expect(status, stdout + stderr).toBe(0);
      expect(stdout).toMatch(new RegExp(`^neon, int8 by ${eightBits}: \\d+ checks\\n$`));
    }
  });

  // The headers of libtorch are the same for every processor; those of the C library beside them are not.
  it('every kernel compiles', { timeout: 900_000 }, () => {
    const { flags } = buildRecord()!;
    const folders = flags.flatMap(flag => flag.match(/^-(?:I|isystem)(.*)/)?.[1] ?? []);
    const includes = folders.map((folder, i) => {
      const include = join(scratch, `include-${i}`);
      mkdirSync(include);
      for (const name of ['ATen', 'c10', 'caffe2', 'torch'].filter(part => existsSync(join(folder, part)))) {
        symlinkSync(join(folder, name), join(include, name));
      }
      return `-isystem${include}`;
    });
    const standard = flags.find(flag => flag.startsWith('-std='))!;
    const kernels = readdirSync(join(root, 'native/kernels')).filter(file => file.endsWith('.cc'));
    const unit = join(scratch, 'kernels.cc');
    writeFileSync(unit, kernels.map(name => `#include "${join(root, 'native/kernels', name)}"\n`).join(''));
    const args = [...FLAGS.filter(flag => !/^-(std|O)/.test(flag)), standard, '-O1', '-fPIC', ...includes];
    const { status, stderr } = run(ARM64, [...args, '-c', unit, '-o', join(scratch, 'kernels.o')]);
    expect(status, stderr).toBe(0);
  });
});
