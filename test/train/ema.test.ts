/** Averages of weights. */
import { expect, it } from 'vitest';
import { memoryStats } from '../../src/torch/index.ts';
import { decayAt, ema } from '../../src/train/ema.ts';
import { floats, parameterOf } from '../helpers/optimizers.ts';

it('follow the weights by a decay that warms up', () => {
  const [weight, bias] = [parameterOf([1, 2], [2]), parameterOf([5], [1])];
  const average = ema(
    [
      ['weight', weight],
      ['bias', bias],
    ],
    { decay: 0.5 },
  );
  const values = () => Object.fromEntries([...average.state()].map(([name, tensor]) => [name, tensor.toNumbers()]));
  expect(values()).toEqual({ weight: [1, 2], bias: [5] });
  weight.replace(floats([3, -2], [2]));
  average.update(1);
  // decay 2 / 11
  expect(values().weight[0]).toBeCloseTo((2 / 11) * 1 + (9 / 11) * 3, 6);
  expect(values().weight[1]).toBeCloseTo((2 / 11) * 2 - (9 / 11) * 2, 6);
  expect(values().bias[0]).toBeCloseTo(5, 6);
  expect([1, 8, 100].map(updates => decayAt(0.5, updates))).toEqual([2 / 11, 0.5, 0.5]);
  average.dispose();
});

it('take the place of the weights for as long as something lasts, and fail with it', async () => {
  const weight = parameterOf([1], [1]);
  const average = ema([['weight', weight]], { decay: 0.9 });
  weight.replace(floats([3], [1]));
  const before = memoryStats().liveBytes;
  expect(average.during(() => weight.toNumbers()[0])).toBe(1);
  expect(weight.toNumbers()).toEqual([3]);
  const later = average.during(async () => {
    await new Promise(resolve => setTimeout(resolve, 1));
    return weight.toNumbers()[0];
  });
  expect(weight.toNumbers()).toEqual([1]);
  expect(await later).toBe(1);
  expect(weight.toNumbers()).toEqual([3]);
  const fail = (): never => {
    throw new Error('no');
  };
  expect(() => average.during(fail)).toThrow('no');
  await expect(average.during(async () => fail())).rejects.toThrow('no');
  expect(weight.toNumbers()).toEqual([3]);
  expect([...average.state().values()][0].toNumbers()).toEqual([1]);
  expect(memoryStats().liveBytes).toBeLessThanOrEqual(before);
  average.dispose();
});
