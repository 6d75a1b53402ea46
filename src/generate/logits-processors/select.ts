/**
 * Order statistics of a row of float32 without sorting it: a radix selection on the bits of the numbers, most significant
 * digits first (Knuth, The Art of Computer Programming 3, §5.2.2 and §5.2.5). Three passes of 11, 11 and 10 bits,
 * whatever the numbers are. JavaScript runs one of these at a time, so the histogram and the buffers are shared.
 */

/** Where the running total over the entries, taken from the largest value down, reaches its target. */
export interface Crossing {
  /** The value of the entry that reaches the target. */
  value: number;
  /** The total over all entries above `value`. */
  above: number;
}

const BUCKETS = 2048;
const totals = new Float64Array(BUCKETS);
const counts = new Int32Array(BUCKETS);
const DIGITS = [
  { shift: 21, mask: 0x7ff, seen: 0 },
  { shift: 10, mask: 0x7ff, seen: 0xffe00000 | 0 },
  { shift: 0, mask: 0x3ff, seen: 0xfffffc00 | 0 },
];

/**
 * The first entry, from the largest value down, at which the running total of `weights` is at least `target`; the
 * smallest entry when it never is. Entries of weight 1 are counted when `weights` is left out.
 */
export function crossing(values: Float32Array, target: number, weights?: Float64Array): Crossing {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  let prefix = 0;
  let above = 0;
  for (const { shift, mask, seen } of DIGITS) {
    totals.fill(0);
    counts.fill(0);
    for (let i = 0; i < bits.length; i++) {
      const key = orderedKey(bits[i]);
      if (((key ^ prefix) & seen) !== 0) continue;
      const bucket = (key >>> shift) & mask;
      counts[bucket]++;
      if (weights) totals[bucket] += weights[i];
    }
    let chosen = -1;
    let aboveChosen = above;
    for (let bucket = mask, total = above; bucket >= 0; bucket--) {
      if (counts[bucket] === 0) continue;
      chosen = bucket;
      aboveChosen = total;
      total += weights ? totals[bucket] : counts[bucket];
      if (total >= target) break;
    }
    above = aboveChosen;
    prefix |= chosen << shift;
  }
  return { value: valueOfKey(prefix), above };
}

/** The k-th largest value, k from 1; the smallest when there are fewer than k. */
export const kthLargest = (values: Float32Array, k: number): number =>
  k === 1 ? maximum(values) : crossing(values, k).value;

export function maximum(values: Float32Array): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (values[i] > max) max = values[i];
  return max;
}

/** Forbids what lies below `threshold`, except for the `minTokensToKeep` largest and what equals the last of these. */
export function forbidBelow(logits: Float32Array, threshold: number, minTokensToKeep: number): void {
  const lowest = Math.min(threshold, kthLargest(logits, minTokensToKeep));
  for (let i = 0; i < logits.length; i++) if (logits[i] < lowest) logits[i] = Number.NEGATIVE_INFINITY;
}

/** An integer that orders like the number with these bits when compared unsigned; both zeros are the same. */
function orderedKey(bits: number): number {
  if (bits === -0x80000000) bits = 0;
  return bits ^ ((bits >> 31) | -0x80000000);
}

const oneBits = new Int32Array(1);
const oneValue = new Float32Array(oneBits.buffer);

function valueOfKey(key: number): number {
  oneBits[0] = key < 0 ? key ^ -0x80000000 : ~key;
  return oneValue[0];
}
