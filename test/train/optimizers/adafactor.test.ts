import { describe, expect, it } from 'vitest';
import { randn, withSeed } from '../../../src/torch/index.ts';
import { adafactor } from '../../../src/train/optimizers/adafactor.ts';
import { itAgreesWithRecorded, itIsAnOptimizer, parameterOf } from '../../helpers/optimizers.ts';

describe('Adafactor', () => {
  itAgreesWithRecorded('adafactor', adafactor);

  const factored = ['matrix', 'cube'].flatMap(name => [`${name}.exp_avg_sq_row`, `${name}.exp_avg_sq_col`]);
  const means = ['matrix', 'vector', 'cube'].map(name => `${name}.exp_avg`);
  itIsAnOptimizer(adafactor, { beta1: 0.9 }, [...factored, 'vector.exp_avg_sq', ...means]);

  it('keeps a row and a column of a matrix', () => {
    const weight = parameterOf(new Array(6000).fill(0.1), [60, 100]);
    weight.grad = withSeed(1, () => randn([60, 100]));
    const optimizer = adafactor([['weight', weight]]);
    optimizer.step(0.01);
    const shapes = Object.fromEntries([...optimizer.state()].map(([name, { shape }]) => [name, shape]));
    expect(shapes).toEqual({ 'weight.exp_avg_sq_row': [60], 'weight.exp_avg_sq_col': [100] });
  });
});
