/** Rotary positions beside the composition of libtorch's operators. */
import { describe, expect } from 'vitest';
import { backward, type DType, inferenceMode, noGrad, randn, type Tensor, tensor } from '../../src/torch/index.ts';
import { reference, rotate } from '../../src/torch/kernels.ts';
import {
  check,
  compare,
  compareDifferences,
  dtypes,
  expectClose,
  expectSameForAnyThreads,
  type Operation,
  random,
  resultAndGradients,
} from './kernel-cases.ts';

/** Cosines and sines that differ from each other in every place. */
const anglesOf = (batch: number, time: number, dim: number): [Tensor, Tensor] => {
  const angles = randn([batch, 1, time, dim]).mul(3);
  return [angles.cos(), angles.sin()];
};
const of =
  (kernel: typeof rotate, [cos, sin]: [Tensor, Tensor]): Operation =>
  x =>
    kernel(x, cos, sin);
const compareWith = (angles: [Tensor, Tensor], x: Tensor): void =>
  compare(of(rotate, angles), of(reference.rotate, angles), [x]);
/** [batch, heads, time, dim] as projections give it, [batch, time, heads, dim] in memory. */
const heads = (shape: number[], dtype: DType): Tensor => {
  const [batch, count, time, dim] = shape;
  return random([batch, time, count, dim], dtype).transpose(1, 2);
};

describe.each(dtypes)('rotary positions in %s', dtype => {
  check('values and gradients', () => {
    for (const [time, dim] of [
      [1, 2],
      [3, 6],
      [5, 34],
      [17, 64],
      [300, 128],
    ]) {
      for (const batch of [1, 2]) compareWith(anglesOf(batch, time, dim), random([2, 3, time, dim], dtype));
    }
  });
  check('a part of each head', () => {
    for (const dim of [0, 2, 18, 32]) compareWith(anglesOf(1, 5, dim), random([2, 3, 5, 37], dtype));
  });
  check('no elements', () => {
    for (const shape of [
      [0, 3, 4, 8],
      [2, 0, 4, 8],
      [2, 3, 0, 8],
    ]) {
      const [y, dx] = resultAndGradients(of(rotate, anglesOf(1, shape[2], 8)), [random(shape, dtype)]);
      expect([y.shape, dx.shape]).toEqual([shape, shape]);
    }
  });
  check('the result and the gradient lie in memory as the input does', () => {
    const angles = anglesOf(1, 5, 8);
    const x = heads([2, 3, 5, 8], dtype);
    compareWith(angles, x);
    x.requiresGrad = true;
    const y = rotate(x, ...angles);
    backward(y, { gradient: random([2, 3, 5, 8], dtype) });
    expect([y, x.grad!].map(z => z.transpose(1, 2).isContiguous)).toEqual([true, true]);
  });
  check('a slice of a wider tensor, rows that are not contiguous', () => {
    const angles = anglesOf(2, 5, 8);
    compareWith(angles, random([2, 3, 5, 24], dtype).narrow(-1, 8, 8));
    compareWith(angles, heads([2, 9, 5, 8], dtype).narrow(1, 3, 3));
    compareWith(angles, random([2, 3, 8, 5], dtype).transpose(-1, -2));
    compareWith(angles, random([2, 3, 1, 8], dtype).expand([2, 3, 5, 8]));
  });
  check('angles laid out otherwise', () => {
    const [cos, sin] = anglesOf(1, 5, 16).map(x => x.narrow(-1, 4, 8)) as [Tensor, Tensor];
    compareWith([cos, sin], random([2, 3, 5, 8], dtype));
  });
  check('NaN stays in its pair', () => {
    const x = tensor([[[[Number.NaN, 1, 2, 3]]]]).to(dtype);
    const y = rotate(x, ...anglesOf(1, 1, 4)).toNumbers();
    expect(y.map(Number.isNaN)).toEqual([true, false, true, false]);
  });
  check('any number of threads gives the same bits', () => {
    const x = random([2, 4, 100, 64], dtype);
    const weights = randn(x.shape);
    const angles = anglesOf(2, 100, 64);
    expectSameForAnyThreads(() => resultAndGradients(of(rotate, angles), [x], weights));
  });
  check('without gradients', () => {
    const [x, angles] = [random([1, 2, 3, 8], dtype), anglesOf(1, 3, 8)];
    x.requiresGrad = true;
    for (const mode of [noGrad, inferenceMode]) {
      mode(() => {
        const y = rotate(x, ...angles);
        expect(y.requiresGrad).toBe(false);
        expectClose(y, reference.rotate(x, ...angles));
      });
    }
  });
});

check('float32 results are those of the composition, to the bit', () => {
  const [x, angles] = [heads([2, 3, 50, 66], 'float32'), anglesOf(1, 50, 66)];
  expect(rotate(x, ...angles).toNumbers()).toEqual(reference.rotate(x, ...angles).toNumbers());
});

check('angles that need gradients are composed', () => {
  const [cos, sin] = anglesOf(1, 3, 4);
  cos.requiresGrad = true;
  backward(rotate(random([1, 2, 3, 4]), cos, sin).sum());
  expect(cos.grad!.shape).toEqual([1, 1, 3, 4]);
});

check('the reference is right', () => {
  const angles = anglesOf(1, 3, 4).map(x => x.to('float64')) as [Tensor, Tensor];
  compareDifferences(of(reference.rotate, angles), [randn([1, 2, 3, 6]).to('float64')]);
});

check('shapes that do not fit, second derivatives', () => {
  const x = random([2, 3, 5, 8]);
  for (const [batch, time, dim] of [
    [3, 5, 8],
    [1, 4, 8],
    [1, 5, 7],
    [1, 5, 10],
  ]) {
    expect(() => rotate(x, ...anglesOf(batch, time, dim))).toThrow('rotate takes x [batch, heads, time, headDim]');
  }
  const angles = anglesOf(1, 5, 8);
  expect(() => rotate(x.view([6, 5, 8]), ...angles)).toThrow('rotate takes x');
  x.requiresGrad = true;
  expect(() => backward(rotate(x, ...angles).sum(), { createGraph: true })).toThrow(
    'rotate has first derivatives only',
  );
});
