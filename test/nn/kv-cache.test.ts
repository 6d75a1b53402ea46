import { describe, expect, it } from 'vitest';
import { KVCache } from '../../src/nn/index.ts';
import { memoryStats, ones, scope, tensor } from '../../src/torch/index.ts';

const block = (value: number, time: number, batch = 2) => ones([batch, 1, time, 2]).mul(value);

describe('KVCache', () => {
  it('returns everything appended so far, in order', () => {
    using cache = new KVCache(1, 4);
    cache.append(0, block(1, 2), block(-1, 2));
    cache.advance(2);
    const [keys, values] = cache.append(0, block(3, 1), block(-3, 1));
    expect(keys.shape).toEqual([2, 1, 3, 2]);
    expect(keys.select(0, 0).toNumbers()).toEqual([1, 1, 1, 1, 3, 3]);
    expect(values.select(0, 1).toNumbers()).toEqual([-1, -1, -1, -1, -3, -3]);
  });

  it('says how much it holds when that is not enough', () => {
    using cache = new KVCache(1, 2);
    cache.append(0, block(1, 2), block(1, 2));
    cache.advance(2);
    expect(() => cache.append(0, block(1, 1), block(1, 1))).toThrow('the cache holds 2 positions, 3 were asked for');
  });

  it('writes over what it forgot', () => {
    using cache = new KVCache(1, 4);
    cache.append(0, block(1, 3), block(-1, 3));
    cache.advance(3);
    cache.truncate(1);
    const [keys, values] = cache.append(0, block(5, 1), block(-5, 1));
    expect(keys.select(0, 0).toNumbers()).toEqual([1, 1, 5, 5]);
    expect(values.select(0, 1).toNumbers()).toEqual([-1, -1, -5, -5]);
    expect(() => cache.truncate(2)).toThrow('the cache has 1 positions, not 2');
  });

  it('keeps the rows asked for, in that order, twice if asked', () => {
    using cache = new KVCache(2, 3);
    const rows = tensor([10, 20, 30]).view([3, 1, 1, 1]).expand([3, 1, 1, 2]);
    cache.append(0, rows, rows.neg());
    cache.advance(1);
    cache.selectRows(tensor([2, 0, 2], { dtype: 'int64' })); // layer 1 has nothing yet
    const [keys, values] = cache.append(0, block(5, 1, 3), block(5, 1, 3));
    expect(keys.select(3, 0).toArray()).toEqual([[[30, 5]], [[10, 5]], [[30, 5]]]);
    expect(values.select(3, 0).toArray()).toEqual([[[-30, 5]], [[-10, 5]], [[-30, 5]]]);
  });

  it('outlives the scopes of its steps, and is freed as a whole', () => {
    const before = memoryStats();
    const cache = new KVCache(2, 100);
    for (const layer of [0, 1]) scope(() => void cache.append(layer, block(1, 1), block(1, 1)));
    expect(memoryStats().tensors - before.tensors).toBe(4);
    scope(() => cache.selectRows(tensor([0], { dtype: 'int64' })));
    expect(memoryStats().tensors - before.tensors).toBe(4);
    cache.dispose();
    cache.dispose();
    expect(memoryStats()).toMatchObject({ tensors: before.tensors, liveBytes: before.liveBytes });
    expect(cache.length).toBe(0);
  });
});
