import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/support/random.ts';
import { createSampler, createTokenSampler, type Drawn, type Sampler } from '../../src/train/sampler.ts';

const drawn = (sampler: Sampler, steps: number, parts = 1): Drawn[] =>
  Array.from({ length: steps }, (_, step) =>
    Array.from({ length: parts }, (_, part) => sampler.batch(step, part)),
  ).flat(2);

const shapes = fc.record({
  length: fc.integer({ min: 1, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 9 }),
  seed: fc.nat(1e6),
});

describe('a sampler', () => {
  it('visits every row once an epoch, whatever the batches', () => {
    fc.assert(
      fc.property(shapes, ({ length, batchSize, seed }) => {
        const rows = drawn(createSampler({ length, seed, batchSize }), Math.ceil((3 * length) / batchSize));
        for (const epoch of [0, 1, 2]) {
          const seen = rows.filter(row => row.epoch === epoch).map(({ index }) => index);
          expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length }, (_, i) => i));
        }
      }),
      { seed: 1 },
    );
  });

  it('draws the same in micro-batches and on several machines', () => {
    const options = { length: 23, seed: 5 };
    const whole = drawn(createSampler({ ...options, batchSize: 8 }), 6);
    expect(drawn(createSampler({ ...options, batchSize: 2, parts: 4 }), 6, 4)).toEqual(whole);
    const ranks = [0, 1].map(rank => createSampler({ ...options, batchSize: 4, rank, ranks: 2 }));
    const together = Array.from({ length: 6 }, (_, step) => ranks.map(sampler => sampler.batch(step, 0))).flat(2);
    expect(together).toEqual(whole);
  });

  it('goes on with other batches where one stopped', () => {
    const before = createSampler({ length: 23, seed: 5, batchSize: 4 });
    const from = { step: 7, drawn: before.drawnBefore(7) };
    const after = createSampler({ length: 23, seed: 5, batchSize: 10, from });
    const rows = Array.from({ length: 3 }, (_, i) => after.batch(7 + i, 0)).flat();
    expect(rows).toEqual(drawn(before, 15).slice(28, 58));
    expect(after.drawnBefore(9)).toBe(48);
  });

  it('knows when epochs are over, where another sampler has begun them too', () => {
    const sampler = createSampler({ length: 23, seed: 5, batchSize: 2, parts: 2 });
    expect(sampler.stepsPerEpoch).toBe(23 / 4);
    expect([0.5, 1, 2, 4].map(epochs => sampler.stepsOfEpochs(epochs))).toEqual([3, 6, 12, 23]);
    const after = createSampler({ length: 23, seed: 5, batchSize: 10, from: { step: 7, drawn: 28 } });
    // 46 − 28 rows are left of two epochs.
    expect([1, 2].map(epochs => after.stepsOfEpochs(epochs))).toEqual([7, 9]);
  });

  it('takes another order for another seed and epoch', () => {
    const orders = [1, 2].map(seed => drawn(createSampler({ length: 50, seed, batchSize: 50 }), 2));
    const keys = orders
      .flatMap(rows => [rows.slice(0, 50), rows.slice(50)])
      .map(rows => rows.map(row => row.index).join());
    expect(new Set(keys).size).toBe(4);
  });
});

describe('a sampler by tokens', () => {
  const random = createRandom(3);
  const lengths = Array.from({ length: 300 }, () => 1 + random.below(60));

  it('fills batches with about equally long rows, each row once an epoch', () => {
    const sampler = createTokenSampler({ lengths, seed: 2, batchTokens: 256 });
    const batches: Drawn[][] = [];
    for (let step = 0; batches.length === 0 || batches.at(-1)![0].epoch === 0; step++)
      batches.push(sampler.batch(step, 0));
    const first = batches.slice(0, -1);
    expect(first.flatMap(rows => rows.map(({ index }) => index)).sort((a, b) => a - b)).toEqual(
      lengths.map((_, i) => i),
    );
    const sizes = first.map(rows => rows.map(({ index }) => lengths[index]));
    for (const row of sizes) expect(row.length === 1 || Math.max(...row) * row.length <= 256).toBe(true);
    const padded = sizes.reduce((sum, row) => sum + Math.max(...row) * row.length, 0);
    const tokens = lengths.reduce((a, b) => a + b);
    expect(padded / tokens).toBeLessThan(1.1);
    // Not from short to long.
    const means = sizes.map(row => row.reduce((a, b) => a + b) / row.length);
    expect(means).not.toEqual([...means].sort((a, b) => a - b));
  });

  it('can be asked for any batch first', () => {
    const make = () => createTokenSampler({ lengths, seed: 2, batchTokens: 256, parts: 2 });
    const [one, two] = [make(), make()];
    const late = one.batch(61, 1);
    for (let step = 0; step < 61; step++) two.batch(step, 0);
    expect(two.batch(61, 1)).toEqual(late);
    expect(late[0].epoch).toBeGreaterThan(0);
  });
});
