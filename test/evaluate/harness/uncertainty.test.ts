/** How sure scores are, and the floors beside them. */
import { describe, expect, it } from 'vitest';
import { uncertaintyOf } from '../../../src/evaluate/harness/uncertainty.ts';
import { clusteredError } from '../../../src/evaluate/statistics/clusters.ts';
import { wilson } from '../../../src/evaluate/statistics/intervals.ts';
import { meanError } from '../../../src/evaluate/statistics/means.ts';
import { createRandom } from '../../../src/support/random.ts';

const random = createRandom(3);
const rights = Array.from({ length: 400 }, () => Number(random.next() < 0.7));

describe('the uncertainty of a mean', () => {
  it('is Wilson’s interval below 300 documents of right and wrong, and the normal one above', () => {
    const few = rights.slice(0, 40);
    const right = few.reduce((sum, value) => sum + value, 0);
    expect(uncertaintyOf(few, 'mean', 'acc')).toEqual({
      stderr: meanError(few),
      interval: wilson(right, 40),
      method: 'wilson',
    });
    const many = uncertaintyOf(rights, 'mean', 'acc')!;
    expect(many.method).toBe('normal');
    expect(many.interval[1] - many.interval[0]).toBeCloseTo(2 * 1.959964 * meanError(rights), 5);
    expect(uncertaintyOf([0.5, 0.25, 1], 'mean', 'f1')!.method).toBe('normal');
    expect(uncertaintyOf([1], 'mean', 'acc')).toBeUndefined();
  });

  it.each([
    0, 2, 498, 500,
  ])('is Wilson’s where %i of 500 are right: the normal one would be a point, or pass 1', right => {
    const values = Array.from({ length: 500 }, (_, i) => Number(i < right));
    const { interval, method } = uncertaintyOf(values, 'mean', 'acc')!;
    expect({ interval, method }).toEqual({ interval: wilson(right, 500), method: 'wilson' });
    expect(interval[1] - interval[0]).toBeGreaterThan(0.005);
  });

  it('knows of passages', () => {
    const clusters = { field: 'passage', of: rights.map((_, i) => String(i >> 2)), count: 100 };
    const found = uncertaintyOf(rights, 'mean', 'acc', { clusters })!;
    expect(found).toMatchObject({ method: 'clustered', clusters: 100, clusterField: 'passage' });
    expect(found.stderr).toBe(clusteredError(rights, clusters.of).corrected);
  });

  it('of a ratio is drawn, from whole passages where these are shared', () => {
    // Each passage has one kind of answer: drawing documents one by one hides how few there are.
    const pairs = Array.from({ length: 200 }, (_, i) => [-(1 + ((i >> 2) % 5)), 1]);
    const clusters = { field: 'passage', of: pairs.map((_, i) => String(i >> 2)), count: 50 };
    const alone = uncertaintyOf(pairs, 'weighted_perplexity', 'word_perplexity', { replicates: 400 })!;
    const together = uncertaintyOf(pairs, 'weighted_perplexity', 'word_perplexity', { replicates: 400, clusters })!;
    expect([alone.method, together.method]).toEqual(['bootstrap', 'clustered bootstrap']);
    expect(together.stderr / alone.stderr).toBeGreaterThan(1.7);
    expect(alone.interval[0]).toBeLessThan(Math.exp(3));
    expect(alone.interval[1]).toBeGreaterThan(Math.exp(3));
  });
});
