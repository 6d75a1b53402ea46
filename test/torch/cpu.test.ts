import { describe, expect, it } from 'vitest';
import { type Cpu, cpu, forcedIsa, openblasCoreType } from '../../src/torch/cpu.ts';

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
    expect(openblasCoreType(withFlags(flags, vendor), 'amx')).toBe(expected);
  });
});

describe('TSLM_ISA', () => {
  const zen4 = withFlags('avx2 fma avx512f avx512vl avx512_bf16', 'AuthenticAMD');

  it('avx2 leaves out what is wider', () => {
    expect(openblasCoreType(zen4, 'avx2')).toBe('ZEN');
    expect(openblasCoreType(zen4, 'avx512')).toBe('SKYLAKEX');
  });

  it('names an instruction set', () => {
    expect(forcedIsa('avx512')).toBe('avx512');
    expect(forcedIsa('')).toBeUndefined();
    expect(() => forcedIsa('avx3')).toThrow(/TSLM_ISA is 'avx3'/);
  });
});

describe('cpu', () => {
  it('describes this machine', () => {
    const { model, cores } = cpu();
    expect(model).not.toBe('');
    expect(cores).toBeGreaterThanOrEqual(1);
    expect(cpu()).toBe(cpu());
  });
});
