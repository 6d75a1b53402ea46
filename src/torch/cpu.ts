/**
 * What libtorch and its BLAS should know of this processor before they load.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { usageError } from '../support/errors.ts';

export interface Cpu {
  model: string;
  vendor: string;
  /** Instruction set flags as the kernel names them: `avx2`, `avx512f`, `amx_bf16`. Empty where they are unknown. */
  flags: ReadonlySet<string>;
  /** Physical cores this process may use. */
  cores: number;
}

let cached: Cpu | undefined;

export function cpu(): Cpu {
  cached ??= readCpu();
  return cached;
}

function readCpu(): Cpu {
  const usable = availableParallelism();
  let info = '';
  try {
    info = readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    // Not Linux: what Node knows is all there is.
  }
  const field = (name: string): string => info.match(new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm'))?.[1] ?? '';
  const coreIds = new Set<string>();
  for (const processor of info.split('\n\n')) {
    const core = processor.match(/^core id\s*:\s*(\d+)$/m)?.[1];
    if (core !== undefined) coreIds.add(`${processor.match(/^physical id\s*:\s*(\d+)$/m)?.[1]}/${core}`);
  }
  return {
    model: field('model name') || cpus()[0]?.model || process.arch,
    vendor: field('vendor_id'),
    flags: new Set((field('flags') || field('Features')).split(' ').filter(Boolean)),
    cores: Math.max(1, Math.min(usable, coreIds.size || usable)),
  };
}

/** What `TSLM_ISA` may name: the instruction set that products use at most; `none`: libtorch's own operators alone. */
const ISAS = ['amx', 'avx512_bf16', 'avx512', 'avx2', 'neon', 'none'] as const;
export type Isa = (typeof ISAS)[number];

/** @throws UserError when `TSLM_ISA` names no instruction set */
export function forcedIsa(value: string | undefined = process.env.TSLM_ISA): Isa | undefined {
  if (value === undefined || value === '') return undefined;
  const isa = ISAS.find(name => name === value);
  if (isa === undefined) {
    throw usageError('TSLM_BAD_ISA', `TSLM_ISA is '${value}'`, `it may be ${ISAS.slice(0, -1).join(', ')} or none`);
  }
  return isa;
}

/**
 * The OpenBLAS kernel set for this processor. OpenBLAS recognises processors by model number and takes its oldest
 * kernels for one that it does not know, as on many virtual machines; the flags tell what really runs.
 */
export function openblasCoreType({ flags, vendor }: Cpu = cpu(), forced = forcedIsa()): string | undefined {
  if (forced !== 'avx2') {
    if (flags.has('avx512_bf16') && forced !== 'avx512') return 'COOPERLAKE';
    if (flags.has('avx512f') && flags.has('avx512vl')) return 'SKYLAKEX';
  }
  if (flags.has('avx2') && flags.has('fma')) return vendor === 'AuthenticAMD' ? 'ZEN' : 'HASWELL';
  return undefined;
}

/**
 * Sets what OpenBLAS and OpenMP read from the environment when they load, unless the user set it. Call it on the main
 * thread, before the native side is loaded.
 *
 * OpenMP's threads, which libtorch's own operators use, wait awake for some 0.03 ms and then sleep: longer, and they would take
 * the cores that the threads of our kernels need next (`native/kernels/parallel.cc`), or another program.
 */
export function configureRuntime(): void {
  const coreType = openblasCoreType();
  if (coreType !== undefined) process.env.OPENBLAS_CORETYPE ??= coreType;
  // oneDNN would take tiles all the same.
  if (forcedIsa() === 'avx512_bf16') process.env.DNNL_MAX_CPU_ISA ??= 'AVX512_CORE_BF16';
  if (forcedIsa() === 'avx512') process.env.DNNL_MAX_CPU_ISA ??= 'AVX512_CORE_VNNI';
  if (forcedIsa() === 'avx2') {
    process.env.ATEN_CPU_CAPABILITY ??= 'avx2';
    process.env.MKL_ENABLE_INSTRUCTIONS ??= 'AVX2';
  }
  if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= '1000';
  process.env.OMP_WAIT_POLICY ??= 'passive';
}
