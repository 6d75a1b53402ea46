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

/** The bits of float32 −∞. */
const MINUS_INFINITY = 0xff800000 | 0;
const DIGITS = [
  { shift: 21, mask: 0x7ff },
  { shift: 10, mask: 0x7ff },
  { shift: 0, mask: 0x3ff },
];
const totals = new Float64Array(2048);
const counts = new Int32Array(2048);
let candidates = new Int32Array(0);

/**
 * The first entry, from the largest value down, at which the running total of `weights` is at least `target`; the
 * smallest entry when it never is. Entries count 1 each when `weights` is left out.
 */
export function crossing(values: Float32Array, target: number, weights?: Float64Array): Crossing {
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  if (candidates.length < bits.length) candidates = new Int32Array(bits.length);
  let size = 0;
  // Most of a row that was filtered before is minus infinity, the smallest entry whatever the weights are.
  for (let i = 0; i < bits.length; i++) if (bits[i] !== MINUS_INFINITY) candidates[size++] = i;
  let key = 0;
  let above = 0;
  for (const { shift, mask } of DIGITS) {
    totals.fill(0);
    counts.fill(0);
    for (let c = 0; c < size; c++) {
      const i = candidates[c];
      const bucket = (orderedKey(bits[i]) >>> shift) & mask;
      counts[bucket]++;
      if (weights) totals[bucket] += weights[i];
    }
    let digit = 0;
    let total = above;
    for (let bucket = mask; bucket >= 0; bucket--) {
      if (counts[bucket] === 0) continue;
      digit = bucket;
      above = total;
      total += weights ? totals[bucket] : counts[bucket];
      if (total >= target) break;
    }
    if (shift === DIGITS[0].shift && total < target && size < bits.length) {
      return { value: Number.NEGATIVE_INFINITY, above: total };
    }
    key |= digit << shift;
    let kept = 0;
    for (let c = 0; c < size; c++) {
      const i = candidates[c];
      if (((orderedKey(bits[i]) >>> shift) & mask) === digit) candidates[kept++] = i;
    }
    size = kept;
  }
  return { value: valueOfKey(key), above };
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
