import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../src/evaluate/wilson.ts';

describe("Wilson's interval", () => {
  // By scipy 1.17: binomtest(successes, count).proportion_ci(0.95, 'wilson').
  it.each([
    [977, 1000, 0.9657, 0.9846],
    [0, 10, 0, 0.2775],
    [10, 10, 0.7225, 1],
    [1, 2, 0.0945, 0.9055],
  ])('of %i in %i', (successes, count, low, high) => {
    const [from, to] = wilsonInterval(successes, count);
    expect([from, to]).toEqual([expect.closeTo(low, 4), expect.closeTo(high, 4)]);
  });

  it('of nothing says nothing', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });
});
