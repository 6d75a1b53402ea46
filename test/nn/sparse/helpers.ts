/** Attention written out in full, and what the tests of its sparse kinds share. */
import { expect } from 'vitest';
import {
  grad,
  memoryStats,
  ones,
  randn,
  resetPeakMemory,
  scope,
  type Tensor,
  withSeed,
} from '../../../src/torch/index.ts';

/** Independent normal numbers in float64, one tensor for each shape. */
export const normal = (shape: readonly number[], count: number, seed = 1): Tensor[] =>
  withSeed(seed, () => Array.from({ length: count }, () => randn(shape, { dtype: 'float64' })));

/**
 * Σ m exp(s) v / Σ m exp(s) over all keys, s the scaled scores.
 *
 * @param times m, how often each query counts each key, broadcasting to [batch, heads, queries, keys]
 */
export function weighted(query: Tensor, key: Tensor, value: Tensor, times: Tensor, scale: number): Tensor {
  const scores = query.matmul(key.transpose(-1, -2)).mul(scale);
  const weights = scores
    .sub(scores.detach().amax(-1, { keepdim: true }))
    .exp()
    .mul(times.to(query.dtype));
  return weights.matmul(value).div(weights.sum([-1], { keepdim: true }).clamp({ min: 1e-300 }));
}

/** Gradients of a weighted sum of `f`'s result. */
export function gradients(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]): (Tensor | undefined)[] {
  const leaves = inputs.map(input => {
    const leaf = input.detach().clone();
    leaf.requiresGrad = true;
    return leaf;
  });
  const result = f(...leaves);
  const [weights] = normal(result.shape, 1, 99);
  return grad(result, leaves, { gradients: [weights.to(result.dtype)], allowUnused: true });
}

/** Most bytes that `attend` and its gradients take at once beside the inputs, with heads 2 and dim 16. */
export function peakBytes(attend: (...inputs: Tensor[]) => Tensor, time: number, backwards: boolean): number {
  return scope(() => {
    const inputs = withSeed(5, () => [0, 1, 2].map(() => randn([1, 2, time, 16])));
    for (const input of inputs) input.requiresGrad = backwards;
    const before = memoryStats().liveBytes;
    resetPeakMemory();
    scope(() => {
      const result = attend(...inputs);
      if (backwards) grad(result, inputs, { gradients: [ones(result.shape)] });
    });
    return memoryStats().peakBytes - before;
  });
}

/** Twice the time takes at most 2.3 times the memory, forward alone and with gradients. */
export function expectLinearMemory(attend: (...inputs: Tensor[]) => Tensor, time = 2048): void {
  for (const backwards of [false, true]) {
    const [once, twice] = [time, 2 * time].map(length => peakBytes(attend, length, backwards));
    expect(twice / once, backwards ? 'with gradients' : 'forward').toBeLessThan(2.3);
    expect(twice, 'less than one matrix of all scores').toBeLessThan(2 * (2 * time) ** 2 * 4);
  }
}
