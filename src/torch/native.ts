/**
 * The contract with the C++ side (`native/`): one typed interface, loaded once for each JavaScript thread.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { messageOf, UserError, usageError } from '../support/errors.ts';
import { root } from '../support/root.ts';
import { configureRuntime, cpu, forcedIsa } from './cpu.ts';

export interface OperatorInfo {
  id: number;
  schema: string;
  /** Kind of each argument: `Tensor`, `int`, `int[]`, `Scalar`, … */
  kinds: string[];
  names: string[];
  /** Number of results. */
  returns: number;
  /** Index of the argument that an in-place operator writes to and returns, -1 otherwise. */
  returnsArgument: number;
}

export interface RuntimeInfo {
  version: string;
  config: string;
  parallel: string;
  cudaDevices: number;
  /** What our own products are made with: `amx`, `avx512_bf16`, `avx512`, `avx2`, `neon`, or nothing. */
  products: string;
  /** What products with weights of eight bits are made with: `vnni`, `avx2`, `dotprod`, or nothing: plain loops. */
  int8: string;
}

export interface MemoryStats {
  /** Bytes in tensors of the device now. */
  liveBytes: number;
  /** Most bytes at once since the last reset. */
  peakBytes: number;
  /** Bytes kept for reuse. */
  cachedBytes: number;
  /** Tensors that this JavaScript thread holds. */
  tensors: number;
}

/** Tensors and generators are handles (small integers); arguments and results travel in the shared buffer. */
export interface Native {
  setBuffer(buffer: Float64Array): void;
  internString(text: string): number;
  resolveOperator(name: string, overload: string): OperatorInfo | undefined;
  operatorNames(): string[];
  call(operator: number, discardResults: boolean): void;

  fromBytes(bytes: Uint8Array, dtype: number, copy: boolean): number;
  copyOut(tensor: number, bytes: Uint8Array): void;
  describe(tensor: number): void;
  /** Bytes of the elements, 0 of a tensor without memory (`meta`); the one question about a tensor that leaves the shared buffer alone. */
  byteSize(tensor: number): number;
  release(count: number): void;
  /** The file's bytes, or the system's error number. */
  mapFile(path: string): ArrayBuffer | number;
  /** Files that this thread has mapped and that were shortened since; each is told once. */
  shortenedFiles(): string[];

  backward(retainGraph: boolean, createGraph: boolean): void;
  grad(retainGraph: boolean, createGraph: boolean, allowUnused: boolean): void;
  gradientOf(tensor: number): number;
  setGradient(tensor: number, gradient: number): void;
  setRequiresGrad(tensor: number, value: boolean): void;
  setGradMode(enabled: boolean): boolean;
  enterInferenceMode(): void;
  leaveInferenceMode(): void;
  /** `again` finds new inputs in the buffer, and gives its results to `recomputed`. */
  recompute(again: () => void): void;
  recomputed(): void;

  createGenerator(seed: number): number;
  releaseGenerator(generator: number): void;
  generatorSeed(generator: number, device: string, seed: number): void;
  generatorState(generator: number, device: string): number;
  setGeneratorState(generator: number, device: string, state: number): void;

  runtimeInfo(): RuntimeInfo;
  /** libtorch's own operators in place of oneDNN's. */
  withoutOneDnn(): void;
  setThreads(count: number): void;
  threads(): number;
  synchronize(device: string): void;
  memory(device: string): MemoryStats;
  resetPeakMemory(device: string): void;
  emptyCache(): void;
  /** Returns all the native memory that the garbage collector was told of. */
  adjustExternalMemory(bytes: number): number;
}

/** What the set-up recorded when it compiled the bridge. */
export interface BuildRecord {
  libtorch: { source: string; version: string; lib: string; standard: string; abi: string; libraries: string[] };
  compiler: string;
  flags: string[];
}

/** A bridge with a sanitizer in it lies beside the other (`scripts/sanitize.sh`). */
const folder = process.env.TSLM_SANITIZE ? `sanitize-${process.env.TSLM_SANITIZE}` : '';
const buildFile = (name: string): string => join(root, 'build', folder, name);

const isCheckout = existsSync(join(root, 'src'));
const setUp = (): string =>
  isCheckout ? `run \`npm run setup\`${root === process.cwd() ? '' : ` in ${root}`}` : 'run `npx tslm setup`';

/** Room for the largest argument list: four lists of tensors for every parameter of a large model, say. */
const BUFFER_LENGTH = 1 << 16;

/** The shared argument buffer. */
export const buffer = new Float64Array(BUFFER_LENGTH);

let loaded: Native | undefined;

/** Whether this thread has used the native side. */
export const isNativeLoaded = (): boolean => loaded !== undefined;

/** The native side, loaded at first use. Throws a `UserError` when it was not built or does not load. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

export function buildRecord(): BuildRecord | undefined {
  const path = buildFile('native.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

function load(): Native {
  const path = buildFile('tslm.node');
  if (!existsSync(path)) {
    throw new UserError('TSLM_NOT_BUILT', 'the bridge to libtorch is not built yet', { hint: setUp() });
  }
  configureRuntime();
  let addon: Native;
  try {
    addon = createRequire(import.meta.url)(path) as Native;
  } catch (error) {
    throw new UserError('TSLM_NATIVE_LOAD', `the bridge to libtorch does not load: ${messageOf(error)}`, {
      hint: `libtorch may have changed since it was built: ${setUp()}`,
      cause: error,
    });
  }
  requireForced(addon.runtimeInfo().products);
  if (forcedIsa() === 'avx2') addon.withoutOneDnn();
  addon.setBuffer(buffer);
  addon.setThreads(threadCount());
  return addon;
}

/** @throws UserError when `TSLM_ISA` asks for what this processor lacks */
function requireForced(products: string): void {
  const forced = forcedIsa();
  const isMissing = forced !== undefined && forced !== 'none' && products !== forced;
  if (!isMissing) return;
  throw usageError('TSLM_BAD_ISA', `TSLM_ISA is '${forced}', which this processor lacks`, 'leave it out, or set none');
}

/**
 * The instruction set of our own products, `amx` or `avx2`; where there are none, that of libtorch and its BLAS.
 */
export function processorTier(): string {
  const { products, config } = native().runtimeInfo();
  if (products !== '') return products;
  return (config.match(/CPU capability usage: (\S+)/)?.[1] ?? process.arch).toLowerCase();
}

/** Threads for tensor arithmetic: `TSLM_THREADS`, `OMP_NUM_THREADS`, or the physical cores. */
export function threadCount(): number {
  for (const name of ['TSLM_THREADS', 'OMP_NUM_THREADS']) {
    const value = Number(process.env[name]);
    if (Number.isInteger(value) && value > 0) return value;
  }
  return cpu().cores;
}
