/** Updates that are left out. */
import { describe, expect, it } from 'vitest';
import { isSpike, noSpikes, spikeOptions } from '../../src/train/spikes.ts';

describe('a spike', () => {
  const options = spikeOptions.parse({ factor: 3, decay: 0.5, after: 2 });

  it('is over a multiple of what was usual, once there is something usual', () => {
    const state = noSpikes();
    // The third limit is 3 · (0.5 · 10 + 2) / (0.5 + 1) = 14.
    expect([10, 2, 14.1, 5].map(value => isSpike(value, options, state))).toEqual([false, false, true, false]);
    // 10, 2, 14 in place of 14.1, 5: each half as heavy as the next one.
    expect(state.sum).toBeCloseTo(10 / 8 + 2 / 4 + 14 / 2 + 5, 10);
    expect(state.weight).toBeCloseTo(1 / 8 + 1 / 4 + 1 / 2 + 1, 10);
    expect(state.updates).toBe(4);
  });

  it('is none for long where everything has become larger', () => {
    const state = noSpikes();
    const values = [1, 1, 1, ...Array.from({ length: 10 }, () => 1000)];
    const found = values.map(value => isSpike(value, options, state));
    expect(found.slice(3, 7)).toEqual([true, true, true, true]);
    expect(found.at(-1)).toBe(false);
  });
});
