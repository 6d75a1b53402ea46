import { describe, expect, it } from 'vitest';
import { countProducts, productFlops, productsAlone } from '../../src/bench/matmul-rate.ts';
import { forwardProducts, gradientProducts } from '../../src/bench/model-products.ts';
import { createModel } from '../../src/models/auto.ts';

const sizes = { layers: 2, hidden: 32, heads: 4, context: 16, vocabSize: 50 };
const [batch, seq] = [3, 16];

describe('the products of a decoder', () => {
  it('are those of 2 multiplications and additions a weight and token, and of the scores', () => {
    using model = createModel('gpt2', sizes, { seed: 1 });
    const flops = (logitsToKeep?: number): number =>
      forwardProducts(model, { batch, seq, logitsToKeep }).reduce((sum, shape) => sum + productFlops(shape), 0);
    const layers = 2 * (2 * batch * seq * 12 * 32 ** 2 + 2 * 2 * batch * seq ** 2 * 32);
    expect(flops()).toBe(layers + 2 * batch * seq * 32 * 50);
    expect(flops(1)).toBe(layers + 2 * batch * 32 * 50);
  });

  it('are counted for each kind', () => {
    using model = createModel('llama', sizes, { seed: 1 });
    const products = countProducts(forwardProducts(model, { batch, seq }));
    expect(products).toContainEqual({ shape: { batch: 12, m: 16, k: 16, n: 8 }, count: 2 });
    expect(products.reduce((sum, { count }) => sum + count, 0)).toBe(forwardProducts(model, { batch, seq }).length);
  });
});

describe('the products of gradients', () => {
  it('are two of the same work, of which the first has the shape of A', () => {
    for (const shape of [
      { m: 2, k: 3, n: 5 },
      { batch: 7, m: 2, k: 3, n: 5, transposed: true },
    ]) {
      const gradients = gradientProducts(shape);
      expect(gradients.map(productFlops)).toEqual([productFlops(shape), productFlops(shape)]);
      expect(gradients[0]).toMatchObject({ m: 2, k: 5, n: 3 });
    }
  });

  it('take B as it is stored', () => {
    expect(gradientProducts({ m: 2, k: 3, n: 5 })).toEqual([
      { m: 2, k: 5, n: 3, transposed: true },
      { m: 3, k: 2, n: 5 },
    ]);
    expect(gradientProducts({ m: 2, k: 3, n: 5, transposed: true })).toEqual([
      { m: 2, k: 5, n: 3 },
      { m: 5, k: 2, n: 3 },
    ]);
  });
});

it('work of several products adds up', () => {
  const shape = { m: 4, k: 4, n: 4 };
  const { flops, seconds } = productsAlone([{ shape, count: 3 }], { dtype: 'float32' });
  expect(flops).toBe(3 * 2 * 4 ** 3);
  expect(seconds).toBeGreaterThan(0);
});
