/** The range test finds the fall of a loss that is known. */
import { describe, expect, it } from 'vitest';
import { exponential, lrRangeTest } from '../../src/train/lr-range.ts';

describe('the schedule', () => {
  it('is a line in the logarithm of the rate', () => {
    const schedule = exponential({ from: 1e-4, to: 1, steps: 5 });
    expect([0, 1, 2, 3, 4].map(schedule).map(lr => Math.log10(lr))).toEqual(
      [-4, -3, -2, -1, 0].map(exponent => expect.closeTo(exponent, 10)),
    );
  });
});

/** Losses of a run that learns most around 1e-3 and diverges above 1e-1. */
const lossAt = (lr: number): number => 5 - 3 / (1 + (1e-3 / lr) ** 2) + (lr > 0.1 ? (lr / 0.1 - 1) * 40 : 0);

describe('the test', () => {
  const schedule = exponential({ from: 1e-6, to: 10, steps: 140 });

  it('names where the loss falls fastest and where it is lowest, and ends when it blows up', () => {
    const test = lrRangeTest();
    let step = 0;
    while (step < 140 && !test.isOver()) test.add({ lr: schedule(step), loss: lossAt(schedule(step++)) });
    expect(step).toBeLessThan(140);
    const { steepest, lowest, points } = test.result()!;
    expect(points).toHaveLength(step);
    // The average lags behind by a few steps.
    expect(steepest).toBeGreaterThan(4e-4);
    expect(steepest).toBeLessThan(4e-3);
    expect(lowest).toBeGreaterThan(1e-2);
    expect(lowest).toBeLessThan(0.15);
  });

  it('has no result of a few steps', () => {
    const test = lrRangeTest();
    for (let i = 0; i < 9; i++) test.add({ lr: 10 ** (i - 9), loss: 1 });
    expect(test.result()).toBeUndefined();
    expect(test.isOver()).toBe(false);
  });
});
