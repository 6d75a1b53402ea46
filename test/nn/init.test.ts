import { expect, it } from 'vitest';
import { emptyParameter } from '../../src/nn/index.ts';
import { initTruncatedNormal } from '../../src/nn/init.ts';
import { scope, withSeed } from '../../src/torch/index.ts';

// Of a standard normal distribution cut at ±c: the standard deviation, and the share within ±c/2.
it.each([
  [1, 0.5398, 0.5609],
  [2, 0.8796, 0.7152],
  [3, 0.9866, 0.8687],
])('draws a normal distribution that ends at %d standard deviations', (cutoff, deviation, within) => {
  scope(() => {
    const weight = emptyParameter([200, 200]);
    withSeed(1, () => initTruncatedNormal(weight, 0.1, cutoff));
    const scaled = weight.detach().div(0.1);
    expect(scaled.abs().amax().item()).toBeLessThanOrEqual(cutoff + 1e-5);
    expect(scaled.abs().amax().item()).toBeGreaterThan(cutoff - 0.1);
    expect(Math.abs(scaled.mean([]).item())).toBeLessThan(0.02);
    expect(Math.abs(scaled.square().mean([]).sqrt().item() - deviation)).toBeLessThan(0.01);
    expect(
      scaled
        .abs()
        .le(cutoff / 2)
        .to('float32')
        .mean([])
        .item(),
    ).toBeCloseTo(within, 2);
  });
});
