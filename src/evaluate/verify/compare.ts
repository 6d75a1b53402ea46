/** How far a result is from the recorded one, and whether that is near enough. */
import { scope, type Tensor } from '../../torch/index.ts';

export interface Check {
  /** `forward`, `grad`, `adamw`, `generate`, … */
  section: string;
  /** Which of the section's cases. */
  name: string;
  /** What was compared: `logits`, `loss`, `sequences`. */
  quantity: string;
  pass: boolean;
  /** Largest absolute difference; absent where things are equal or not. */
  maxError?: number;
  /** Largest difference in units of what is allowed: over 1 fails. */
  ofTolerance?: number;
  /** What went wrong, where a number does not say it. */
  note?: string;
}

export interface Tolerance {
  /** |a − b| ≤ atol + rtol·|b| */
  atol: number;
  rtol: number;
}

export const tolerances = {
  forward: { atol: 3e-5, rtol: 1e-4 },
  loss: { atol: 1e-5, rtol: 1e-4 },
  adamw: { atol: 1e-4, rtol: 1e-4 },
  logProbs: { atol: 1e-4, rtol: 1e-4 },
  gradientNorm: { atol: 1e-4, rtol: 1e-3 },
} satisfies Record<string, Tolerance>;

/** Gradients may differ by a part of the largest one. */
export const gradientTolerance = (largest: number): Tolerance => ({ atol: 1e-4 * largest, rtol: 1e-3 });

type Result = Pick<Check, 'pass' | 'maxError' | 'ofTolerance' | 'note'>;

/** @param mask compare only where it is not 0; of the tensors' shape, or of one that expands to it */
export function compareTensors(
  actual: Tensor | undefined,
  expected: Tensor,
  { atol, rtol }: Tolerance,
  mask?: Tensor,
): Result {
  if (!actual) return { pass: false, note: 'the model does not give it' };
  if (actual.shape.join() !== expected.shape.join()) {
    return { pass: false, note: `shape [${actual.shape.join(', ')}], recorded [${expected.shape.join(', ')}]` };
  }
  return scope(() => {
    const [a, b] = [actual.detach().to({ dtype: 'float64', device: 'cpu' }), expected.to('float64')];
    const difference = a.sub(b).abs();
    const relevant = mask ? difference.maskedFill(mask.eq(0), 0) : difference;
    if (relevant.numel === 0) return { pass: true, maxError: 0, ofTolerance: 0 };
    const maxError = relevant.amax().item();
    // Where nothing is allowed (gradients that are zero), only equal passes.
    const allowed = b.abs().mul(rtol).add(atol).clamp({ min: 1e-300 });
    const ofTolerance = relevant.div(allowed).amax().item();
    // A comparison that fails for NaN, too.
    return { pass: ofTolerance <= 1, maxError, ofTolerance };
  });
}

export function compareNumbers(
  actual: readonly (number | undefined)[],
  expected: readonly number[],
  { atol, rtol }: Tolerance,
): Result {
  if (actual.length !== expected.length) {
    return { pass: false, note: `${actual.length} values, recorded ${expected.length}` };
  }
  let [maxError, ofTolerance] = [0, 0];
  for (const [i, b] of expected.entries()) {
    const difference = Math.abs((actual[i] ?? Number.NaN) - b);
    if (Number.isNaN(difference)) return { pass: false, note: `value ${i} is ${actual[i]}, recorded ${b}` };
    maxError = Math.max(maxError, difference);
    ofTolerance = Math.max(ofTolerance, difference / (atol + rtol * Math.abs(b)));
  }
  return { pass: ofTolerance <= 1, maxError, ofTolerance };
}

/** For ids and texts: equal or not. */
export function compareExactly(actual: unknown, expected: unknown): Result {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a === b) return { pass: true };
  let at = 0;
  while (a !== undefined && at < a.length && a[at] === b[at]) at++;
  const from = Math.max(0, at - 20);
  return { pass: false, note: `…${a?.slice(from, at + 40)}, recorded …${b.slice(from, at + 40)}` };
}
