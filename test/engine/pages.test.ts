import { describe, expect, it } from 'vitest';
import { createPagePool } from '../../src/engine/pages.ts';

const ids = (count: number, start = 0): number[] => Array.from({ length: count }, (_, i) => start + i);

describe('pages', () => {
  it('are taken all or none, and come back', () => {
    const pool = createPagePool(4, 2);
    const pages = pool.take(3)!;
    expect(new Set(pages).size).toBe(3);
    expect(pool.take(2)).toBeUndefined();
    expect(pool.available).toBe(1);
    pool.release(pages);
    expect(pool.available).toBe(4);
  });

  it('that are full are found by how a text begins, also when nobody uses them', () => {
    const pool = createPagePool(8, 2);
    const pages = pool.take(2)!;
    pool.publish(pages[0], '', undefined, [0, 1]);
    pool.publish(pages[1], '', pages[0], [2, 3]);
    pool.release(pages);
    expect(pool.share('', ids(6))).toEqual(pages);
    expect(pool.available).toBe(6);
    expect(pool.share('', [0, 1, 9, 9])).toEqual([pages[0]]);
    expect(pool.share('', [2, 3])).toEqual([]);
    expect(pool.share('adapter', ids(4))).toEqual([]);
    expect(pool.share('', [0])).toEqual([]);
  });

  it('are used anew when there is no other room, the least recently used first, ends before beginnings', () => {
    const pool = createPagePool(4, 1);
    const [a, b] = pool.take(2)!;
    pool.publish(a, '', undefined, [1]);
    pool.publish(b, '', a, [2]);
    pool.release([a, b]);
    const [, , third] = pool.take(3)!;
    expect(third).toBe(b);
    expect(pool.share('', [1, 2])).toEqual([a]);
  });

  it('keep to the first of two that hold the same', () => {
    const pool = createPagePool(4, 1);
    const [a, b] = pool.take(2)!;
    pool.publish(a, '', undefined, [7]);
    pool.publish(b, '', undefined, [7]);
    expect(pool.share('', [7])).toEqual([a]);
    pool.release([a, a, b]);
    expect(pool.available).toBe(4);
  });

  it('a page that was taken anew is not the beginning of what once followed it', () => {
    const pool = createPagePool(2, 1);
    const [a, b] = pool.take(2)!;
    pool.publish(a, '', undefined, [1]);
    pool.publish(b, '', a, [2]);
    pool.release([a]);
    const [again] = pool.take(1)!;
    expect(again).toBe(a);
    pool.publish(again, '', undefined, [5]);
    expect(pool.share('', [5, 2])).toEqual([a]);
  });
});
