import { describe, expect, it } from 'vitest';
import { lamb } from '../../../src/train/optimizers/lamb.ts';
import { floats, itAgreesWithRecorded, itIsAnOptimizer, parameterOf } from '../../helpers/optimizers.ts';

describe('LAMB', () => {
  itAgreesWithRecorded('lamb', lamb);
  itIsAnOptimizer(
    lamb,
    {},
    ['matrix', 'vector', 'cube'].flatMap(name => [`${name}.exp_avg`, `${name}.exp_avg_sq`]),
  );

  it('moves a matrix by its own length times the learning rate, and one of zeros as Adam does', () => {
    const [weight, zero] = [parameterOf([3, 4], [1, 2]), parameterOf([0, 0], [1, 2])];
    for (const one of [weight, zero]) one.grad = floats([1e-3, 1e-3], [1, 2]);
    const named = [['weight', weight], ['zero', zero]] as const; // biome-ignore format: one line
    lamb(named, { eps: 1e-12 }).step(0.1);
    const [a, b] = weight.toNumbers() as number[];
    expect(Math.hypot(a - 3, b - 4)).toBeCloseTo(0.5, 5);
    for (const value of zero.toNumbers()) expect(value).toBeCloseTo(-0.1, 5);
  });
});
