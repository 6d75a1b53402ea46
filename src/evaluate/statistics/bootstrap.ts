/** How much a statistic varies over samples drawn from the sample (Efron 1979). */
import { pythonRandom } from '../../support/python-random.ts';
import type { Interval } from './intervals.ts';
import { sampleDeviation } from './means.ts';
import { percentile } from './paired-bootstrap.ts';

/** Draws that share a generator. */
const CHUNK = 1000;

/**
 * Standard error of a statistic of `n` items, with lm-evaluation-harness's draws: chunk i of at most 1000 comes from Python's
 * `random.Random(i)`, and what is left of `replicates` below a chunk is dropped.
 *
 * @param statistic of items by number
 */
export function bootstrapError(n: number, statistic: (items: Uint32Array) => number, replicates: number): number {
  const chunk = Math.min(CHUNK, replicates);
  const values: number[] = [];
  const items = new Uint32Array(n);
  for (let i = 0; i < Math.floor(replicates / chunk); i++) {
    const random = pythonRandom(i);
    for (let r = 0; r < chunk; r++) {
      for (let at = 0; at < n; at++) items[at] = Math.floor(random.random() * n);
      values.push(statistic(items));
    }
  }
  return sampleDeviation(values);
}

/** Resamples for an interval; fewer for many items, of which each changes little. */
const drawsOf = (n: number): number => Math.round(Math.min(500, Math.max(100, 5e6 / n)));

/**
 * The interval in which a statistic of `n` items lies with 95 %, by percentiles; the same draws each time.
 *
 * @param statistic of items by number; draws of which there is none, such as a correlation of equal numbers, do not count
 * @returns undefined where there is none of any draw
 */
export function bootstrapInterval(n: number, statistic: (items: Uint32Array) => number): Interval | undefined {
  if (n === 0) return undefined;
  const random = pythonRandom(0);
  const items = new Uint32Array(n);
  const values = Array.from({ length: drawsOf(n) }, () => {
    for (let at = 0; at < n; at++) items[at] = Math.floor(random.random() * n);
    return statistic(items);
  })
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  return values.length === 0 ? undefined : [percentile(values, 0.025), percentile(values, 0.975)];
}
