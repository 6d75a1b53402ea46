import { describe, expect, it } from 'vitest';
import { applyFim, drawFim, fillInTheMiddle } from '../../src/objectives/fill-in-the-middle.ts';
import { createRandom } from '../../src/support/random.ts';

const tokens = { prefix: 100, suffix: 101, middle: 102 };
const END = 9;

describe('filling in the middle', () => {
  it('puts the middle last, and for SPM behind the prefix', () => {
    const cuts = [1, 3] as const;
    expect(applyFim([1, 2, 3, 4], { cuts, order: 'psm' }, tokens)).toEqual([100, 1, 101, 4, 102, 2, 3]);
    expect(applyFim([1, 2, 3, 4], { cuts, order: 'spm' }, tokens)).toEqual([100, 101, 4, 102, 1, 2, 3]);
  });

  it('draws cuts anywhere, half of the time in either order', () => {
    const random = createRandom(1);
    const plans = Array.from({ length: 4000 }, () => drawFim(3, {}, random));
    const drawn = plans.filter(plan => plan !== undefined);
    expect(Math.abs(drawn.length / 4000 - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(drawn.filter(({ order }) => order === 'spm').length / drawn.length - 0.5)).toBeLessThan(0.04);
    expect(new Set(drawn.map(({ cuts }) => cuts.join())).size).toBe(10);
    expect(drawn.every(({ cuts: [a, b] }) => a <= b && a >= 0 && b <= 3)).toBe(true);
  });

  it('works document by document, and leaves ends where they are', () => {
    const ids = Uint16Array.of(7, 8, END, 1, 2, 3, END, 4, 5);
    const row = { ids, starts: [3, 7] };
    const options = { rate: 1, spmRate: 0 };
    const made = fillInTheMiddle(row, tokens, id => id === END, options, createRandom(1));
    const ends = [...made.ids.keys()].filter(i => made.ids[i] === END);
    expect(ends.map(at => at + 1)).toEqual(made.starts);
    expect(made.ids.length).toBe(ids.length + 9);
    const documents = [0, ...made.starts].map((from, i) => made.ids.subarray(from, made.starts[i] ?? made.ids.length));
    for (const [i, document] of documents.entries()) {
      const wanted = [
        [7, 8],
        [1, 2, 3],
        [4, 5],
      ][i];
      const list = Array.from(document).filter(id => id !== END);
      const [suffix, middle] = [list.indexOf(101), list.indexOf(102)];
      expect(list[0]).toBe(100);
      expect([...list.slice(1, suffix), ...list.slice(middle + 1), ...list.slice(suffix + 1, middle)]).toEqual(wanted);
    }
    const same = fillInTheMiddle(row, tokens, id => id === END, { rate: 0 }, createRandom(1));
    expect([Array.from(same.ids), same.starts]).toEqual([Array.from(ids), [3, 7]]);
  });
});
