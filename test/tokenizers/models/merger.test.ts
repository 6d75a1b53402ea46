import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Merger } from '../../../src/tokenizers/models/merger.ts';
import { PairTable } from '../../../src/tokenizers/models/pair-table.ts';

it('searching and the heap give the same tokens', () => {
  const id = fc.nat({ max: 7 });
  fc.assert(
    fc.property(fc.array(fc.tuple(id, id, id)), fc.array(id, { maxLength: 60 }), (merges, symbols) => {
      const ranks = new PairTable();
      merges.forEach(([left, right], rank) => void ranks.set(left, right, rank));
      const merged = Int32Array.from(merges, merge => merge[2]);
      const results = (['mergeBySearch', 'mergeWithHeap'] as const).map(way => {
        const merger = new Merger(ranks, merged);
        merger.reserve(symbols.length);
        merger.ids.set(symbols);
        merger.lengths.fill(1);
        const count = merger[way](symbols.length);
        return [[...merger.ids.subarray(0, count)], [...merger.lengths.subarray(0, count)]];
      });
      expect(results[0]).toEqual(results[1]);
    }),
    { numRuns: 500 },
  );
});

it('a pair table holds what a map holds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 }), fc.nat())), entries => {
      const table = new PairTable(1);
      const map = new Map<string, number>();
      for (const [left, right, value] of entries) {
        table.set(left, right, value);
        map.set(`${left},${right}`, value);
      }
      expect(table.size).toBe(map.size);
      for (const [left, right] of entries) expect(table.get(left, right)).toBe(map.get(`${left},${right}`));
      expect(table.get(41, 0)).toBe(-1);
    }),
  );
});
