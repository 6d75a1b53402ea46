import { describe, expect, it } from 'vitest';
import { inParts, slices } from '../../src/engine/in-parts.ts';

describe('work in parts', () => {
  it('lets others in between, and keeps the order of the inputs', () => {
    const inputs = ['a', 'bb'.repeat(5000), 'c'.repeat(9000), 'd'.repeat(40_000), 'e'];
    const parts: number[][] = [];
    const work = inParts(inputs, part => {
      parts.push(part.map(text => text.length));
      return { results: part.map(text => text[0]), tokens: part.length };
    });
    let pauses = 0;
    let last = work.next();
    for (; !last.done; last = work.next()) pauses++;
    expect(parts).toEqual([[40_000], [10_000], [9000, 1, 1]]);
    expect(pauses).toBe(3);
    expect(last.value).toEqual({ results: ['a', 'b', 'c', 'd', 'e'], tokens: 5 });
  });

  it('takes smaller parts while others wait', () => {
    const waits = [false, true, true, false];
    const parts: number[] = [];
    const work = inParts(
      Array.from({ length: 1000 }, () => 'x'.repeat(100)),
      part => {
        parts.push(part.length);
        return { results: part.map(() => 0), tokens: 0 };
      },
      () => waits.shift() ?? false,
    );
    while (!work.next().done);
    expect(parts.slice(0, 4)).toEqual([163, 10, 10, 163]);
  });

  it('has no part without a text', () => {
    expect([...slices([], () => 1)]).toEqual([]);
    expect([...slices([99_999, 1], size => size)]).toEqual([[99_999], [1]]);
  });
});
