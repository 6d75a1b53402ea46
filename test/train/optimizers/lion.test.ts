import { describe, expect, it } from 'vitest';
import { lion } from '../../../src/train/optimizers/lion.ts';
import { floats, itAgreesWithRecorded, itIsAnOptimizer, parameterOf } from '../../helpers/optimizers.ts';

describe('Lion', () => {
  itAgreesWithRecorded('lion', lion);
  itIsAnOptimizer(lion, {}, ['matrix.exp_avg', 'vector.exp_avg', 'cube.exp_avg']);

  it('moves every weight by the learning rate, however small its gradient', () => {
    const weight = parameterOf([1, 1, 1], [3]);
    weight.grad = floats([1e-12, -1e6, 0], [3]);
    lion([['weight', weight]]).step(0.25);
    expect(weight.toNumbers()).toEqual([0.75, 1.25, 1]);
  });
});
