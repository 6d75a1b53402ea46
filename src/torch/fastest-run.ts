/** Timing of short computations. */
import { native } from './native.ts';
import { scope } from './scope.ts';
import type { Device } from './tensor.ts';

/**
 * Seconds of the fastest of at least three runs, each in a scope of its own.
 *
 * @param options.seconds how long to measure; default 0.2
 */
export function fastestRun(
  body: () => unknown,
  { device = 'cpu', seconds = 0.2 }: { device?: Device; seconds?: number } = {},
): number {
  let best = Number.POSITIVE_INFINITY;
  const end = performance.now() + seconds * 1000;
  for (let run = 0; run < 3 || performance.now() < end; run++) {
    const start = performance.now();
    scope(() => {
      body(); // not returned, so that its memory is there for the next run
    });
    native().synchronize(device);
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}
