/** `tslm doctor`: what is installed, how fast it is, and what to do where something is slow or missing. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { DType } from '../torch/index.ts';
import { printJson, printTable } from './print.ts';

interface Diagnosis {
  tslm: string;
  node: string;
  libtorch: { version: string; source: string; folder: string };
  blas: string;
  openblasCoreType: string | null;
  cpu: { model: string; cores: number; flags: string[] };
  threads: number;
  devices: string[];
  /** GFLOP/s of a matrix product, for each device and element type. */
  matmul: Record<string, Record<string, number>>;
  /** What multiplies matrices: see `processorTier`. */
  tier: string;
  /** GFLOP/s of linear maps as models have them, by our own products where there are any. */
  linearMaps: Record<string, number>;
  /** What multiplies weights of eight bits. */
  int8Tier: string;
  trainingPrecision: string;
  advice: string[];
}

const INTERESTING = [
  'avx2',
  'fma',
  'avx512f',
  'avx512vl',
  'avx512_bf16',
  'avx_vnni',
  'amx_bf16',
  'amx_int8',
  'asimd',
  'bf16',
];

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check the installation and measure this machine')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  $ tslm doctor --json\n')
    .action(async ({ json }: { json?: boolean }) => {
      const diagnosis = await diagnose();
      if (json) printJson(diagnosis);
      else print(diagnosis);
    });
}

async function diagnose(): Promise<Diagnosis> {
  const { version } = await import('../support/version.ts');
  const { buildRecord, native, processorTier } = await import('../torch/native.ts');
  const { fasterDtype, productRate } = await import('../torch/faster-dtype.ts');
  const { cpu, openblasCoreType } = await import('../torch/cpu.ts');
  const { int8Rate } = await import('../bench/int8-rate.ts');
  const { matmulRate } = await import('../bench/matmul-rate.ts');
  const info = native().runtimeInfo();
  const build = buildRecord();
  const lib = build?.libtorch.lib ?? 'unknown';
  const devices = ['cpu', ...Array.from({ length: info.cudaDevices }, (_, i) => `cuda:${i}`)];
  const dtypes: DType[] = ['float32', 'bfloat16'];
  const matmul = Object.fromEntries(
    devices.map(device => [
      device,
      Object.fromEntries(dtypes.map(dtype => [dtype, Math.round(matmulRate(dtype, { device, seconds: 1 }) / 1e9)])),
    ]),
  );
  const { model, cores, flags } = cpu();
  const result = {
    tslm: version,
    node: process.version,
    libtorch: { version: info.version, source: build?.libtorch.source ?? 'unknown', folder: lib },
    blas: blasOf(lib, info.config),
    openblasCoreType: process.env.OPENBLAS_CORETYPE ?? openblasCoreType() ?? null,
    cpu: { model, cores, flags: INTERESTING.filter(flag => flags.has(flag)) },
    threads: native().threads(),
    devices,
    matmul,
    tier: processorTier(),
    linearMaps: {
      ...Object.fromEntries(dtypes.map(dtype => [dtype, Math.round(productRate(dtype) / 1e9)])),
      int8: Math.round(int8Rate() / 1e9),
    },
    int8Tier: info.int8 || 'plain loops',
    trainingPrecision: fasterDtype() === 'bfloat16' ? 'bf16' : 'float32',
  };
  return { ...result, advice: adviceFor(result) };
}

/** Which library multiplies float32 matrices. */
function blasOf(lib: string, config: string): string {
  if (/BLAS_INFO=mkl|USE_MKL=ON/i.test(config)) return 'MKL';
  const shared = join(lib, 'libblas.so.3');
  if (!existsSync(shared)) return config.match(/BLAS_INFO=(\w+)/)?.[1] ?? 'unknown';
  const real = realpathSync(shared);
  if (real.includes('openblas')) return `OpenBLAS (${real})`;
  return /mkl|blis|atlas/.test(real) ? real : `reference (${real})`;
}

function adviceFor({ blas, threads, cpu, matmul }: Omit<Diagnosis, 'advice'>): string[] {
  const advice: string[] = [];
  const { float32 } = matmul.cpu;
  if (blas.startsWith('reference')) {
    advice.push('float32 products use the slow reference BLAS: sudo apt-get install libopenblas0-openmp');
  }
  if (threads < cpu.cores)
    advice.push(`only ${threads} of ${cpu.cores} cores compute: unset OMP_NUM_THREADS and TSLM_THREADS`);
  if (threads > cpu.cores)
    advice.push(`${threads} threads share ${cpu.cores} cores: unset OMP_NUM_THREADS and TSLM_THREADS`);
  if (cpu.flags.includes('avx2') && float32 < 8 * cpu.cores) {
    advice.push(
      `float32 products reach only ${float32} GFLOP/s: check OPENBLAS_CORETYPE and other load on the machine`,
    );
  }
  return advice;
}

function print(d: Diagnosis): void {
  printTable([
    ['tslm', d.tslm],
    ['Node.js', d.node],
    ['libtorch', `${d.libtorch.version} (${d.libtorch.source}: ${d.libtorch.folder})`],
    ['BLAS', `${d.blas}${d.openblasCoreType === null ? '' : `, kernels ${d.openblasCoreType}`}`],
    ['processor', `${d.cpu.model}, ${d.cpu.cores} cores, ${d.threads} threads in use`],
    ['instructions', d.cpu.flags.join(' ') || 'unknown'],
    ['devices', d.devices.join(', ')],
    ...Object.entries(d.matmul).map(
      ([device, rates]) =>
        [
          `products on ${device}`,
          Object.entries(rates)
            .map(([dtype, rate]) => `${dtype} ${rate} GFLOP/s`)
            .join(', '),
        ] as const,
    ),
    [
      'linear maps',
      `${Object.entries(d.linearMaps)
        .map(([dtype, rate]) => `${dtype} ${rate} GFLOP/s`)
        .join(', ')}; tier ${d.tier}, of int8 ${d.int8Tier}`,
    ],
    ['training in', `${d.trainingPrecision}, the faster of the two`],
  ]);
  process.stdout.write(
    d.advice.length > 0 ? `\n${d.advice.map(line => `! ${line}\n`).join('')}` : '\nNothing to complain about.\n',
  );
}
