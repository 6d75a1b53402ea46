/** Searches on functions whose minimum is known, and what they say of parameters. What Optuna recorded is in evaluation.test.ts. */
import { describe, expect, it } from 'vitest';
import { distributionOf } from '../../../src/evaluate/search/distributions.ts';
import { importances } from '../../../src/evaluate/search/importance.ts';
import { parzenEstimator } from '../../../src/evaluate/search/parzen.ts';
import { gridSampler, randomSampler, type Sampler, tpeSampler } from '../../../src/evaluate/search/samplers.ts';
import type { Space, Values } from '../../../src/evaluate/search/space.ts';
import type { Trial } from '../../../src/evaluate/search/trial.ts';
import { normalBetween, truncatedQuantile } from '../../../src/evaluate/search/truncated-normal.ts';
import { createRandom } from '../../../src/support/random.ts';

const float = (low: number, high: number, log = false) => distributionOf({ kind: 'float', low, high, log }, 'x');

const space: Space = {
  kind: { distribution: { kind: 'choice', choices: ['bowl', 'flat'] } },
  x: { distribution: float(-5, 10), when: { kind: ['bowl'] } },
  y: { distribution: float(1e-4, 1, true), when: { kind: ['bowl'] } },
  unused: { distribution: float(0, 1) },
};
const worthOf = ({ kind, x, y }: Values): number =>
  kind === 'flat' ? 9 : ((x as number) - 3) ** 2 / 4 + (Math.log10(y as number) + 2) ** 2;

function search(sampler: Sampler, count: number): Trial[] {
  const trials: Trial[] = [];
  for (let number = 0; number < count; number++) {
    const values = sampler(number, trials)!;
    trials.push({ number, values, state: 'complete', value: worthOf(values), reports: new Map() });
  }
  return trials;
}
const least = (trials: readonly Trial[]): number => Math.min(...trials.map(({ value }) => value!));
const meanOver = (seeds: number, of: (seed: number) => number): number =>
  Array.from({ length: seeds }, (_, seed) => of(seed)).reduce((a, b) => a + b) / seeds;

describe('TPE', () => {
  it.each([
    true,
    false,
  ])('finds the better values sooner than chance (together: %s), with parameters that do not always exist', multivariate => {
    const drawn = meanOver(6, seed => least(search(randomSampler(space, seed), 40)));
    const found = meanOver(6, seed => least(search(tpeSampler(space, { seed, multivariate }), 40)));
    expect(found).toBeLessThan(0.6 * drawn);
  });

  it('repeats itself from the same trials, and maximizes as it minimizes', () => {
    const trials = search(tpeSampler(space, { seed: 3 }), 25);
    expect(tpeSampler(space, { seed: 3 })(25, trials)).toEqual(
      tpeSampler(space, { seed: 3 })(25, [...trials].reverse()),
    );
    const negated = trials.map(trial => ({ ...trial, value: -trial.value! }));
    expect(tpeSampler(space, { seed: 3, direction: 'maximize' })(25, negated)).toEqual(
      tpeSampler(space, { seed: 3 })(25, trials),
    );
  });

  it('stays within ranges and grids', () => {
    const grid: Space = {
      n: { distribution: distributionOf({ kind: 'int', low: 2, high: 9, step: 3 }, 'n') },
      p: { distribution: distributionOf({ kind: 'float', low: 0, high: 0.5, step: 0.1 }, 'p') },
    };
    const sampler = tpeSampler(grid, { seed: 1, startup: 4 });
    const trials: Trial[] = [];
    for (let number = 0; number < 25; number++) {
      const values = sampler(number, trials)!;
      expect([2, 5, 8]).toContain(values.n);
      expect([0, 0.1, 0.2, 0.3, 0.4, 0.5]).toContain(values.p);
      trials.push({
        number,
        values,
        state: number % 5 === 4 ? 'pruned' : 'complete',
        value: number % 7,
        reports: new Map([[1, 1]]),
      });
    }
  });
});

describe('a grid', () => {
  it('has every combination that exists, once', () => {
    const some: Space = {
      a: { distribution: { kind: 'choice', choices: [1, 2] } },
      b: { distribution: { kind: 'choice', choices: ['x', 'y'] }, when: { a: [2] } },
    };
    const sampler = gridSampler(some);
    expect([0, 1, 2, 3].map(number => sampler(number, []))).toEqual([
      { a: 1 },
      { a: 2, b: 'x' },
      { a: 2, b: 'y' },
      undefined,
    ]);
    expect(() => gridSampler({ x: { distribution: float(0, 1) } })).toThrow(/range without steps/);
  });
});

describe('a Parzen estimator', () => {
  it('has densities that sum to 1, and draws as they say', () => {
    const distributions = { x: float(0, 4), n: distributionOf({ kind: 'int', low: 1, high: 64, log: true }, 'n') };
    const parzen = parzenEstimator(
      [
        { x: 1, n: 4 },
        { x: 1.5, n: 30 },
        { x: 3.9, n: 64 },
      ],
      distributions,
    );
    let total = 0;
    for (let i = 0; i < 200; i++) {
      for (let n = 1; n <= 64; n++) total += Math.exp(parzen.logProb({ x: (i + 0.5) / 50, n })) / 50;
    }
    expect(total).toBeCloseTo(1, 3);
    const random = createRandom(1);
    const draws = Array.from({ length: 4000 }, () => parzen.sample(random));
    let below = 0;
    for (let i = 0; i < 100; i++)
      for (let n = 1; n <= 8; n++) below += Math.exp(parzen.logProb({ x: (i + 0.5) / 50, n })) / 50;
    expect(draws.filter(({ x, n }) => (x as number) < 2 && (n as number) <= 8).length / 4000).toBeCloseTo(below, 1);
  });

  it('cuts normal distributions far out without losing them', () => {
    for (const [from, to] of [
      [-1, 2],
      [6, 9],
      [-9, -6],
      [-30, -29.5],
    ]) {
      for (const unit of [0.01, 0.5, 0.99]) {
        const z = truncatedQuantile(unit, from, to);
        expect(normalBetween(from, z) / normalBetween(from, to)).toBeCloseTo(unit, 6);
      }
    }
  });
});

describe('the importance of parameters', () => {
  it('is that of what the best have in common', () => {
    const plain: Space = {
      a: { distribution: float(0, 1) },
      b: { distribution: float(0, 1) },
      c: { distribution: float(0, 1) },
    };
    const sampler = randomSampler(plain, 5);
    const trials = Array.from({ length: 120 }, (_, number): Trial => {
      const values = sampler(number, [])!;
      const value = 4 * (values.a as number) + (values.b as number);
      return { number, values, state: 'complete', value, reports: new Map() };
    });
    const found = importances(plain, trials);
    expect(found[0].name).toBe('a');
    expect(found[0].importance).toBeGreaterThan(0.5);
    expect(found.reduce((sum, { importance }) => sum + importance, 0)).toBeCloseTo(1, 10);
    expect(importances(plain, trials.slice(0, 3)).every(({ importance }) => importance === 0)).toBe(true);
  });
});
