import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from '../../src/support/nearest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['same', 'same', 0],
  ])('%j to %j is %d', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it('is a metric', () => {
    const text = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe('nearest', () => {
  const known = ['temperature', 'topK', 'topP', 'seed'];

  it('finds what was meant', () => {
    expect(nearest('temprature', known)).toBe('temperature');
    expect(nearest('TOPK', known)).toBe('topK');
    expect(nearest('sede', known)).toBe('seed');
  });

  it('says nothing when nothing is close', () => {
    expect(nearest('banana', known)).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
