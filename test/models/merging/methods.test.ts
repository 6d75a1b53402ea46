/** Merges beside the formulas computed in numpy (`bench/peers/record_merging.py`). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Contribution,
  dare,
  largest,
  linear,
  slerp,
  taskArithmetic,
  ties,
} from '../../../src/models/merging/methods.ts';
import { ones, scope, type Tensor, tensor, zeros } from '../../../src/torch/index.ts';
import { expectClose } from '../../torch/helpers.ts';

const { inputs, results } = JSON.parse(readFileSync('test/fixtures/merging/formulas.json', 'utf8')) as {
  inputs: { base: number[][]; models: number[][][]; weights: number[]; densities: number[] };
  results: Record<string, number[][]>;
};
const base = tensor(inputs.base);
const models = inputs.models.map(model => tensor(model));
const contributions = models.map(
  (model, i): Contribution => ({ tensor: model, weight: inputs.weights[i], density: inputs.densities[i] }),
);
const settings = (normalize: boolean, lambda = 1) => ({ normalize, lambda, seed: 3 });

describe('a merged weight is the formula’s', () => {
  it.each<[string, () => Tensor]>([
    ['linear', () => linear(contributions, { normalize: true })],
    ['linear_not_normalized', () => linear(contributions, { normalize: false })],
    ['slerp', () => slerp(0.3, models[0], models[1])],
    ['slerp_opposite', () => slerp(0.25, base, base.flip([0]))],
    ['slerp_parallel', () => slerp(0.3, base, base.mul(1.5))],
    ['task_arithmetic', () => taskArithmetic(base, contributions, settings(false))],
    ['task_arithmetic_normalized', () => taskArithmetic(base, contributions, settings(true, 0.7))],
    ['ties', () => ties(base, contributions, settings(true))],
    ['ties_not_normalized', () => ties(base, contributions, settings(false, 0.6))],
  ])('%s', (name, merge) => {
    scope(() => expectClose(merge(), tensor(results[name]), { atol: 1e-6, rtol: 1e-6 }));
  });
});

describe('slerp', () => {
  it('begins with one weight and ends with the other', () => {
    scope(() => {
      expectClose(slerp(0, models[0], models[1]), models[0], { atol: 1e-6 });
      expectClose(slerp(1, models[0], models[1]), models[1], { atol: 1e-6 });
    });
  });
});

describe('dare', () => {
  const learnt = (density: number, seed: number): Tensor => {
    const one = [{ tensor: ones([200, 200]), weight: 1, density }];
    return dare(zeros([200, 200]), one, { normalize: false, lambda: 1, seed }, { ties: false });
  };

  it('keeps a share of what was learnt, larger by as much as is dropped', () => {
    scope(() => {
      const kept = learnt(0.25, 1);
      expect(kept.gt(0).to('float32').mean().item()).toBeCloseTo(0.25, 2);
      expect(kept.amax().item()).toBe(4);
      expect(kept.mean().item()).toBeCloseTo(1, 1);
    });
  });

  it('draws the same with the same seed, and all where nothing is dropped', () => {
    scope(() => {
      expect(learnt(0.5, 1).equal(learnt(0.5, 1))).toBe(true);
      expect(learnt(0.5, 1).equal(learnt(0.5, 2))).toBe(false);
      const whole = contributions.map(one => ({ ...one, density: 1 }));
      expectClose(
        dare(base, whole, settings(false), { ties: false }),
        taskArithmetic(base, contributions, settings(false)),
        { atol: 1e-6 },
      );
      expectClose(dare(base, whole, settings(true), { ties: true }), ties(base, whole, settings(true)), {
        atol: 1e-6,
      });
    });
  });
});

it('of the largest elements as many are kept as the density says, rounded down', () => {
  scope(() => {
    const delta = tensor([[3, -4, 0.5, 1, -2]]);
    expect(largest(delta, 0.5).add(0).toNumbers()).toEqual([3, -4, 0, 0, 0]);
    expect(largest(delta, 1).equal(delta)).toBe(true);
  });
});
