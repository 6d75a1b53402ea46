import { describe, expect, it } from 'vitest';
import { type Cpu, cpu, hasFastBfloat16, openblasCoreType } from '../../src/torch/cpu.ts';

const withFlags = (flags: string, vendor = 'GenuineIntel'): Cpu => ({
  model: 'test',
  vendor,
  flags: new Set(flags.split(' ')),
  cores: 1,
});

describe('openblasCoreType', () => {
  it.each([
    ['sse2', 'GenuineIntel', undefined],
    ['avx2', 'GenuineIntel', undefined],
    ['avx2 fma', 'GenuineIntel', 'HASWELL'],
    ['avx2 fma', 'AuthenticAMD', 'ZEN'],
    ['avx2 fma avx512f', 'GenuineIntel', 'HASWELL'],
    ['avx2 fma avx512f avx512vl', 'GenuineIntel', 'SKYLAKEX'],
    ['avx2 fma avx512f avx512vl avx512_bf16', 'GenuineIntel', 'COOPERLAKE'],
  ])('%s of %s: %s', (flags, vendor, expected) => {
    expect(openblasCoreType(withFlags(flags, vendor))).toBe(expected);
  });
});

describe('cpu', () => {
  it('describes this machine', () => {
    const { model, cores } = cpu();
    expect(model).not.toBe('');
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(cpu()).toBe(cpu());
  });

  it('knows where bfloat16 is fast', () => {
    expect(hasFastBfloat16(withFlags('amx_bf16'))).toBe(true);
    expect(hasFastBfloat16(withFlags('avx512_bf16'))).toBe(true);
    expect(hasFastBfloat16(withFlags('avx2 fma avx512f'))).toBe(false);
  });
});
