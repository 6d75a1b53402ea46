/** Checks that several tests of tensors share. */
import { expect } from 'vitest';
import { backward, dispose, noGrad, type Tensor } from '../../src/torch/index.ts';

/** `|a − b| ≤ atol + rtol · |b|` for every element; the message names the worst one. */
export function expectClose(
  actual: Tensor,
  expected: Tensor,
  {
    atol = 1e-6,
    rtol = 1e-5,
    mask,
    name = 'tensor',
  }: { atol?: number; rtol?: number; mask?: Tensor; name?: string } = {},
): void {
  expect(actual.shape, name).toEqual(expected.shape);
  const [a, b, counts] = [actual.toNumbers(), expected.toNumbers(), mask?.toNumbers()];
  let worst = 0;
  let where = -1;
  for (let i = 0; i < a.length; i++) {
    if (counts && counts[i] === 0) continue;
    const excess = Math.abs(a[i] - b[i]) / (atol + rtol * Math.abs(b[i]));
    if (!(excess <= worst)) [worst, where] = [excess, i];
  }
  expect(worst, `${name}: element ${where} is ${a[where]}, expected ${b[where]}`).toBeLessThanOrEqual(1);
}

/**
 * Compares the gradients that `backward` gives `inputs` (float64 leaves) with central differences, element by element.
 * `f` may return any shape: its elements are summed with fixed, unequal weights.
 */
export function checkGradients(
  f: () => Tensor,
  inputs: readonly Tensor[],
  { eps = 1e-6, tolerance = 1e-5 } = {},
): void {
  const weigh = (y: Tensor): Tensor => {
    const flat = y.reshape([-1]);
    return flat.mul(flat.detach().mul(0).add(1).cumsum(0).mul(0.7).sin().add(1.5)).sum();
  };
  for (const input of inputs) {
    expect(input.dtype).toBe('float64');
    input.grad = undefined;
    input.requiresGrad = true;
  }
  const loss = weigh(f());
  backward(loss);
  dispose(loss);
  for (const [which, input] of inputs.entries()) {
    const gradient = input.grad!.toNumbers();
    const flat = noGrad(() => input.detach().view([-1]));
    const numeric = gradient.map((_, i) => {
      const at = flat.narrow(0, i, 1);
      const moved = (by: number): number =>
        noGrad(() => {
          at.add_(by);
          return weigh(f()).item();
        });
      const difference = (moved(eps) - moved(-2 * eps)) / (2 * eps);
      moved(eps);
      return difference;
    });
    for (const [i, value] of gradient.entries()) {
      const allowed = tolerance * (1 + Math.abs(numeric[i]));
      expect(Math.abs(value - numeric[i]), `input ${which}, element ${i}: ${value} against ${numeric[i]}`).toBeLessThan(
        allowed,
      );
    }
  }
}
