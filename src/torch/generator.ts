/**
 * Random number generators (Mersenne Twister on the CPU, Philox on CUDA): the default one of each device, and
 * generators of one's own. Their state is a tensor that can be saved and put back.
 */
import { tensorOf } from './handle.ts';
import { native } from './native.ts';
import { release } from './scope.ts';
import type { Tensor } from './tensor.ts';

/** A generator on the CPU, independent of the default one. Free it with `using` or `dispose()`. */
export class Generator implements Disposable {
  handle: number;

  /** @param seed non-negative integer */
  constructor(seed: number) {
    this.handle = native().createGenerator(checkSeed(seed));
  }
  /** uint8 tensor with the whole state. */
  state(): Tensor {
    return tensorOf(native().generatorState(this.live(), 'cpu'));
  }
  setState(state: Tensor): void {
    native().setGeneratorState(this.live(), 'cpu', state.live());
  }
  /** @internal The handle. Throws when the generator was freed. */
  live(): number {
    if (this.handle < 0) throw new Error('this generator was freed already');
    return this.handle;
  }
  dispose(): void {
    if (this.handle >= 0) native().releaseGenerator(this.handle);
    this.handle = -1;
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkSeed(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new RangeError(`a seed is an integer from 0 to 2^53 - 1, not ${seed}`);
}

/**
 * Seeds the default generators of the CPU and of every CUDA device. Dropout and `randn` draw from them.
 *
 * @param seed non-negative integer
 */
export function manualSeed(seed: number): void {
  checkSeed(seed);
  native().generatorSeed(-1, 'cpu', seed);
  const { cudaDevices } = native().runtimeInfo();
  for (let i = 0; i < cudaDevices; i++) native().generatorSeed(-1, `cuda:${i}`, seed);
}

/** State of a device's default generator, a uint8 tensor on the CPU. */
export const rngState = (device = 'cpu'): Tensor => tensorOf(native().generatorState(-1, device));

/** Sets the state of the default random generator of a device, as `rngState` gave it. */
export const setRngState = (state: Tensor, device = 'cpu'): void =>
  native().setGeneratorState(-1, device, state.live());

/** Runs `body` with the default CPU generator seeded anew, and puts its state back afterwards. */
export function withSeed<T>(seed: number, body: () => T): T {
  checkSeed(seed);
  const before = rngState();
  native().generatorSeed(-1, 'cpu', seed);
  try {
    return body();
  } finally {
    setRngState(before);
    release(before);
  }
}
