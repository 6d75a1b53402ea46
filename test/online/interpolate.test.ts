/** As much of an update as leaves what the model knew: the share that is found, and what the weights are then. */
import { describe, expect, it } from 'vitest';
import { disposeSnapshot, interpolate, snapshotOf } from '../../src/online/update/interpolate.ts';
import { noGrad, scope, type Tensor, tensor } from '../../src/torch/index.ts';
import type { Trainable } from '../../src/train/trainable.ts';

/** One weight that went from 1 to 3, on examples whose loss grows with the square of how far it went. */
function moved(curvature: number) {
  const weight = tensor([1]);
  const trainable = { namedParameters: (): [string, Tensor][] => [['weight', weight]] } as unknown as Trainable;
  const start = snapshotOf(trainable);
  scope(() => noGrad(() => void weight.fill_(3)));
  const value = (): number => scope(() => weight.toNumbers()[0]);
  const losses = (): number[] => [4, 5, 6].map(base => base + curvature * ((value() - 1) / 2) ** 2);
  return { trainable, start, losses, value, [Symbol.dispose]: () => disposeSnapshot(start) };
}

describe('the share of an update that is kept', () => {
  it('is all of it where what was known stays within half of the margin', () => {
    using one = moved(0.02); // a rise of 0.4 % of 5
    expect(interpolate(one.trainable, one.start, one.losses, 0.01)).toEqual({
      share: 1,
      rise: expect.closeTo(0.004, 6),
    });
    expect(one.value()).toBe(3);
  });

  it('is else the largest with which it does, to a thirty-second', () => {
    using one = moved(0.1); // 2 % of 5; half of the margin of 1 % is a share of ½
    const { share, rise } = interpolate(one.trainable, one.start, one.losses, 0.01);
    expect(share).toBeCloseTo(0.5, 1);
    expect(share).toBeLessThanOrEqual(0.5 + 1e-6);
    expect(rise).toBeLessThanOrEqual(0.005 + 1e-6);
    expect(one.value()).toBeCloseTo(1 + 2 * share, 5);
  });

  it('is never nothing: what even so is too much is for the gate', () => {
    using one = moved(1e6);
    const { share, rise } = interpolate(one.trainable, one.start, one.losses, 0.01);
    expect(share).toBe(1 / 32);
    expect(rise).toBeGreaterThan(1);
    expect(one.value()).toBeCloseTo(1 + 2 / 32, 5);
  });

  it('counts from the model itself: a champion that has lost something leaves less to lose', () => {
    using one = moved(0.1);
    // At the start 0.8 % of 5 is lost already: half of the other 0.2 % may go, 0.9 % in all.
    const base = [4, 5, 6].map(loss => loss - 0.04);
    const { share, rise } = interpolate(one.trainable, one.start, one.losses, 0.01, base);
    expect(rise).toBeGreaterThan(0.008);
    expect(rise).toBeLessThanOrEqual(0.0091);
    expect(share).toBeLessThan(0.25);
  });

  it('asks for surety, not for a mean alone', () => {
    const one = moved(0);
    // The same mean, but one example of three is lost while the others gain.
    const uneven = (): number[] => [4, 5, 6].map((base, i) => base + (one.value() - 1) * [0.5, -0.25, -0.25][i]);
    const { share } = interpolate(one.trainable, one.start, uneven, 0.01);
    expect(share).toBeLessThan(0.2);
    one[Symbol.dispose]();
  });
});
