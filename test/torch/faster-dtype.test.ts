import { describe, expect, it } from 'vitest';
import { fasterDtype, productRate } from '../../src/torch/faster-dtype.ts';
import { manualSeed, rand } from '../../src/torch/index.ts';
import { hasProducts } from '../../src/torch/products.ts';

describe('fasterDtype', () => {
  it('is one that this processor multiplies, and stays the same', () => {
    const dtype = fasterDtype();
    expect(hasProducts() ? ['float32', 'bfloat16'] : ['float32']).toContain(dtype);
    expect(fasterDtype()).toBe(dtype);
  });

  it('leaves the random generator where it was', () => {
    manualSeed(1);
    const expected = rand([3]).toArray();
    manualSeed(1);
    expect(productRate('float32')).toBeGreaterThan(0);
    expect(rand([3]).toArray()).toEqual(expected);
  });
});
