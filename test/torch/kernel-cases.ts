/** How the fused operators are compared with the composition of libtorch's own, and that with finite differences. */
import { expect, it } from 'vitest';
import { backward, type DType, manualSeed, noGrad, randn, scope, type Tensor, tensor } from '../../src/torch/index.ts';
import { native } from '../../src/torch/native.ts';

export type Operation = (...inputs: Tensor[]) => Tensor;

export const sizes = [1, 3, 7, 16, 17, 33, 130];
export const dtypes: DType[] = ['float32', 'bfloat16'];
/** bfloat16 has 8 significant bits; results may differ by the rounding of one step. */
const tolerance = (dtype: DType, values: readonly number[]): { atol: number; rtol: number } => {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return dtype === 'bfloat16' ? { atol: 2 ** -8 * largest, rtol: 2 ** -7 } : { atol: 2e-6 * largest, rtol: 2e-5 };
};

export function expectClose(actual: Tensor, expected: Tensor, dtype: DType = actual.dtype): void {
  expect(actual.shape).toEqual(expected.shape);
  const numbers = expected.toNumbers();
  const { atol, rtol } = tolerance(dtype, numbers);
  const worst = actual
    .toNumbers()
    .findIndex((a, i) => !(Math.abs(a - numbers[i]) <= atol + rtol * Math.abs(numbers[i])));
  if (worst >= 0) expect(`${actual.toNumbers()[worst]} at ${worst}`).toBe(`${numbers[worst]} at ${worst}`);
}

/** The result and the gradients of a weighted sum of it. */
export function resultAndGradients(operation: Operation, inputs: readonly Tensor[], weights?: Tensor): Tensor[] {
  const leaves = inputs.map(input => {
    const leaf = input.detach();
    leaf.requiresGrad = true;
    return leaf;
  });
  const result = operation(...leaves);
  backward(result, { gradient: (weights ?? randn(result.shape)).to(result.dtype) });
  const gradients = leaves.map(leaf => leaf.grad!);
  for (const leaf of leaves) leaf.grad = undefined;
  return [result, ...gradients];
}

/**
 * Compares results and gradients; the reference computes in float32, and rounds at the end.
 *
 * @param dtype whose precision is asked for; default each tensor's own
 */
export function compare(fused: Operation, plain: Operation, inputs: readonly Tensor[], dtype?: DType): void {
  const weights = randn(noGrad(() => fused(...inputs)).shape);
  const actual = resultAndGradients(fused, inputs, weights);
  const expected = resultAndGradients(
    plain,
    inputs.map(input => input.to('float32')),
    weights.to(actual[0].dtype).to('float32'),
  );
  for (const [i, value] of actual.entries()) expectClose(value, expected[i], dtype);
  for (const [i, input] of inputs.entries()) expect(actual[i + 1].dtype).toBe(input.dtype);
}

/** The reference's gradients beside central differences, in float64. */
export function compareDifferences(operation: Operation, inputs: readonly Tensor[]): void {
  const step = 1e-5;
  const weights = randn(operation(...inputs).shape).to('float64');
  const total = (values: Tensor[]): number =>
    operation(...values)
      .mul(weights)
      .sum()
      .item();
  const [, ...gradients] = resultAndGradients(operation, inputs, weights);
  for (const [i, input] of inputs.entries()) {
    const numbers = input.toNumbers();
    const slopes = numbers.map((_, j) => {
      const moved = (by: number) => {
        const values = Float64Array.from(numbers);
        values[j] += by;
        return total(inputs.map((other, k) => (k === i ? tensor(values, input.shape) : other)));
      };
      return (moved(step) - moved(-step)) / (2 * step);
    });
    expectClose(gradients[i], tensor(Float64Array.from(slopes), input.shape), 'float32');
  }
}

/** Runs a case of its own seed in a scope. */
export function check(name: string, body: () => void): void {
  it(name, () =>
    scope(() => {
      manualSeed(1);
      body();
    }),
  );
}

export const random = (shape: number[], dtype: DType = 'float32', scale = 2): Tensor =>
  randn(shape).mul(scale).to(dtype);
/** The same values in another order in memory. */
export const strided = (x: Tensor): Tensor => x.transpose(0, -1).contiguous().transpose(0, -1);

/** Runs `body` with 1, 2 and 3 threads and expects the same numbers, to the bit. */
export function expectSameForAnyThreads(body: () => Tensor[]): void {
  const before = native().threads();
  const results = [1, 2, 3].map(threads => {
    native().setThreads(threads);
    return body().map(x => x.toNumbers());
  });
  native().setThreads(before);
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
}
