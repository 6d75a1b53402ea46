/** How fast this machine reads memory: the ceiling of what touches each byte once, as decoding does the weights. */

import { inferenceMode } from '../torch/autograd.ts';
import { fastestRun } from '../torch/fastest-run.ts';
import { emptyCache } from '../torch/memory.ts';
import { ones } from '../torch/ops.ts';
import { scope } from '../torch/scope.ts';
import type { Device, Tensor } from '../torch/tensor.ts';

/** Ways over all of a long vector. None is the fastest on every machine, so the best of them counts. */
const passes: readonly ((x: Tensor) => unknown)[] = [
  x => x.sum(),
  x => x.amax(),
  x => x.vectorNorm(),
  x => x.matmul(x),
  x => x.view([-1, ROW]).matmul(x.narrow(0, 0, ROW)),
  // One half is read, the other written.
  x => x.narrow(0, 0, x.numel / 2).copy_(x.narrow(0, x.numel / 2, x.numel / 2)),
];

const ROW = 1024;

/**
 * Bytes a second that all threads together read, or read and write, of a tensor too large for every cache.
 *
 * @param options.bytes of the tensor; default 512 MiB
 * @param options.seconds how long to measure each way; default 0.2
 */
export function memoryRate({
  device = 'cpu',
  bytes = 2 ** 29,
  seconds,
}: {
  device?: Device;
  bytes?: number;
  seconds?: number;
} = {}): number {
  const fastest = scope(() =>
    inferenceMode(() => {
      // Written first: pages that were never written all lie on one page of zeros, which a cache holds.
      const x = ones([bytes / 4], { device });
      return Math.min(...passes.map(pass => fastestRun(() => pass(x), { device, seconds })));
    }),
  );
  emptyCache();
  return bytes / fastest;
}
