/** Rows of a table, and the gradient of the table, beside libtorch's own. */
import { describe, expect } from 'vitest';
import { backward, inferenceMode, noGrad, randn, type Tensor, tensor } from '../../src/torch/index.ts';
import { embedding, reference } from '../../src/torch/kernels.ts';
import {
  check,
  compare,
  compareDifferences,
  dtypes,
  expectSameForAnyThreads,
  type Operation,
  random,
  resultAndGradients,
  strided,
} from './kernel-cases.ts';

const idsOf = (shape: number[], count: number): Tensor => {
  const size = shape.reduce((product, n) => product * n, 1);
  return tensor(
    BigInt64Array.from({ length: size }, (_, i) => BigInt((i * i * 7) % count)),
    shape,
  );
};
const of =
  (kernel: typeof embedding, ids: Tensor, paddingIdx?: number): Operation =>
  weight =>
    kernel(weight, ids, paddingIdx);

describe.each(dtypes)('embedding in %s', dtype => {
  check('values and gradients', () => {
    for (const [count, dim] of [
      [1, 1],
      [5, 3],
      [11, 33],
      [50, 130],
    ]) {
      for (const shape of [[1], [7], [3, 40], [2, 3, 4]]) {
        const ids = idsOf(shape, count);
        compare(of(embedding, ids), of(reference.embedding, ids), [random([count, dim], dtype)]);
      }
    }
  });
  check('a row for padding', () => {
    const ids = tensor(BigInt64Array.of(0n, 2n, 2n, 1n, 0n), [5]);
    compare(of(embedding, ids, 2), of(reference.embedding, ids, 2), [random([4, 17], dtype)]);
    const [, gradient] = resultAndGradients(of(embedding, ids, 2), [random([4, 17], dtype)]);
    expect(gradient.narrow(0, 2, 1).toNumbers()).toEqual(new Array(17).fill(0));
  });
  check('other strides, no ids, no columns', () => {
    const ids = idsOf([3, 4], 9);
    compare(of(embedding, ids), of(reference.embedding, ids), [strided(random([9, 17], dtype))]);
    compare(of(embedding, ids.transpose(0, 1)), of(reference.embedding, ids.transpose(0, 1)), [random([9, 5], dtype)]);
    const turned =
      (operation: Operation): Operation =>
      weight =>
        operation(weight).transpose(0, 2);
    compare(turned(of(embedding, ids)), turned(of(reference.embedding, ids)), [random([9, 5], dtype)]);
    const [y, gradient] = resultAndGradients(of(embedding, idsOf([2, 0], 9)), [random([9, 5], dtype)]);
    expect(y.shape).toEqual([2, 0, 5]);
    expect(gradient.toNumbers()).toEqual(new Array(45).fill(0));
    expect(resultAndGradients(of(embedding, ids), [random([9, 0], dtype)])[1].shape).toEqual([9, 0]);
  });
  check('NaN in a gradient reaches its row only', () => {
    const weights = tensor([[1], [Number.NaN], [2]]);
    const ids = tensor(BigInt64Array.of(0n, 1n, 0n), [3]);
    const [, gradient] = resultAndGradients(of(embedding, ids), [random([3, 1], dtype)], weights);
    expect(gradient.toNumbers()).toEqual([3, Number.NaN, 0]);
  });
  check('any number of threads gives the same bits', () => {
    const ids = idsOf([40, 50], 300);
    const [weight, weights] = [random([300, 200], dtype), randn([40, 50, 200])];
    expectSameForAnyThreads(() => resultAndGradients(of(embedding, ids), [weight], weights));
  });
  check('without gradients', () => {
    const [weight, ids] = [random([5, 3], dtype), idsOf([4], 5)];
    weight.requiresGrad = true;
    for (const mode of [noGrad, inferenceMode]) {
      mode(() => {
        const y = embedding(weight, ids);
        expect(y.requiresGrad).toBe(false);
        expect(y.toNumbers()).toEqual(reference.embedding(weight, ids).toNumbers());
      });
    }
  });
});

check('bfloat16 gradients are summed in float32', () => {
  const [, gradient] = resultAndGradients(
    of(embedding, idsOf([1000], 1)),
    [random([1, 2], 'bfloat16')],
    tensor([1]).expand([1000, 2]),
  );
  expect(gradient.toNumbers()).toEqual([1000, 1000]);
});

check('the reference is right', () => {
  compareDifferences(of(reference.embedding, idsOf([2, 3], 4), 1), [randn([4, 3]).to('float64')]);
});

check('ids without a row, shapes that do not fit, second derivatives', () => {
  for (const id of [5n, -1n]) {
    expect(() => embedding(random([5, 3]), tensor(BigInt64Array.of(id), [1]))).toThrow('out of range');
  }
  expect(() => embedding(random([5]), idsOf([2], 5))).toThrow('embedding takes weight [count, dim]');
  const weight = random([5, 3]);
  weight.requiresGrad = true;
  expect(() => backward(embedding(weight, idsOf([2], 5)).sum(), { createGraph: true })).toThrow(
    'embedding has first derivatives only',
  );
});
