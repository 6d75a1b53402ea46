import { describe, expect, it } from 'vitest';
import { sgd } from '../../../src/train/optimizers/sgd.ts';
import { itAgreesWithRecorded, itIsAnOptimizer, parameterOf } from '../../helpers/optimizers.ts';

describe('SGD', () => {
  itAgreesWithRecorded('sgd', sgd);

  const keys = ['matrix.momentum_buffer', 'vector.momentum_buffer', 'cube.momentum_buffer'];
  itIsAnOptimizer(sgd, { momentum: 0.9, dampening: 0.1 }, keys);

  it('keeps nothing without momentum', () => {
    const weight = parameterOf([1, 2], [1, 2]);
    weight.grad = parameterOf([1, 1], [1, 2]).detach();
    const optimizer = sgd([['weight', weight]]);
    optimizer.step(0.5);
    expect(weight.toNumbers()).toEqual([0.5, 1.5]);
    expect(optimizer.state().size).toBe(0);
  });

  it("refuses Nesterov's momentum where there is none, as PyTorch does", () => {
    expect(() => sgd([], { nesterov: true })).toThrow(RangeError);
    expect(() => sgd([], { nesterov: true, momentum: 0.9, dampening: 0.1 })).toThrow(/no dampening/);
  });
});
