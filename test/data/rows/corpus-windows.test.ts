import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCorpus } from '../../../src/data/corpus/corpus.ts';
import type { CorpusSplit } from '../../../src/data/corpus/corpus-split.ts';
import { corpusWindows, evaluationWindows } from '../../../src/data/rows/corpus-windows.ts';
import type { Dataset } from '../../../src/data/rows/dataset.ts';
import type { Rows } from '../../../src/data/rows/rows.ts';
import { tinyCorpus } from '../../helpers/tiny.ts';
import { scratchFolder } from '../../support/scratch.ts';

/** A split whose tokens are their own positions. */
const positions = (tokens: number): CorpusSplit =>
  ({
    tokens,
    read: (offset: number, length: number) =>
      Uint32Array.from({ length: Math.min(length, tokens - offset) }, (_, i) => offset + i),
    documentStarts: () => [],
    fingerprint: '',
  }) as unknown as CorpusSplit;

const firstTokens = (data: Dataset<Rows['tokens']>, epoch = 0): number[] =>
  Array.from({ length: data.length }, (_, i) => data.row(i, epoch).ids[0]);

const starts = (split: CorpusSplit, options: { length: number; stride: number; seed: number }, epoch = 0): number[] => {
  const data = corpusWindows(split, options);
  for (let i = 0; i < data.length; i++) expect(data.row(i, epoch).ids).toHaveLength(options.length);
  return firstTokens(data, epoch);
};

describe('the windows of training', () => {
  it('show every token of any split once an epoch, but for less than a stride at its ends', () => {
    const shapes = fc.record({ stride: fc.integer({ min: 1, max: 9 }), extra: fc.integer({ min: 0, max: 100 }) });
    fc.assert(
      fc.property(shapes, fc.nat(1e6), fc.nat(20), ({ stride, extra }, seed, epoch) => {
        const tokens = stride + 1 + extra;
        const sorted = starts(positions(tokens), { length: stride + 1, stride, seed }, epoch).sort((a, b) => a - b);
        expect(new Set(sorted).size).toBe(sorted.length);
        expect(sorted.length).toBe(Math.floor(extra / stride) + 1);
        expect(sorted[0]).toBeGreaterThanOrEqual(0);
        expect(sorted[0]).toBeLessThan(stride);
        expect(tokens - (sorted.at(-1)! + stride + 1)).toBeGreaterThanOrEqual(0);
        expect(tokens - (sorted.at(-1)! + stride + 1)).toBeLessThan(stride);
        // Side by side; only a first window at 0 may overlap the second.
        for (let i = 2; i < sorted.length; i++) expect(sorted[i] - sorted[i - 1]).toBe(stride);
        if (sorted.length > 1) expect(sorted[1] - sorted[0]).toBeLessThanOrEqual(stride);
      }),
      { seed: 1 },
    );
  });

  it('are cut at other places each epoch, whatever remains at the end', () => {
    for (const tokens of [801, 805]) {
      const epochs = Array.from({ length: 12 }, (_, e) =>
        starts(positions(tokens), { length: 9, stride: 8, seed: 3 }, e),
      );
      expect(new Set(epochs.map(order => order.at(-1)! % 8)).size).toBeGreaterThan(3);
    }
  });

  it('follow from the seed and the epoch alone', () => {
    const options = { length: 9, stride: 8, seed: 7 };
    const [one, two] = [1, 2].map(() => corpusWindows(positions(100), options));
    two.row(3, 9);
    expect(firstTokens(two, 4)).toEqual(firstTokens(one, 4));
    const phases = (seed: number) =>
      Array.from({ length: 9 }, (_, e) => starts(positions(100), { ...options, seed }, e)[0]);
    expect(phases(8)).not.toEqual(phases(7));
  });

  it('refuses a split that is shorter than one example', () => {
    const make = (tokens: number) => corpusWindows(positions(tokens), { length: 9, stride: 8, seed: 1 });
    expect(() => make(8)).toThrow(expect.objectContaining({ code: 'TSLM_CORPUS_TOO_SMALL' }));
    expect([...make(9).row(0).ids]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('the windows of an evaluation', () => {
  const windows = (tokens: number, limit?: number) =>
    firstTokens(evaluationWindows(positions(tokens), { length: 9, stride: 8, limit }));

  it('lie evenly, side by side when all are taken, and are the same each time', () => {
    expect(windows(41)).toEqual([0, 8, 16, 24, 32]);
    expect(windows(48)).toEqual([0, 8, 16, 24, 32]);
    expect(windows(801, 5)).toEqual([0, 160, 320, 480, 640]);
    expect(windows(801, 5)).toEqual(windows(801, 5));
    expect(windows(41, 99)).toHaveLength(5);
  });

  it('shrink to a short split, and refuse one without anything to predict', () => {
    const short = evaluationWindows(positions(5), { length: 9, stride: 8 });
    expect([short.length, [...short.row(0).ids]]).toEqual([1, [0, 1, 2, 3, 4]]);
    for (const tokens of [0, 1]) {
      expect(() => windows(tokens)).toThrow(expect.objectContaining({ code: 'TSLM_EMPTY_SPLIT' }));
    }
  });

  it('cross the files of a corpus', () => {
    const folder = scratchFolder();
    const texts = ['one two three', 'four', 'five six'];
    const [one, three] = [1, 3].map(shards => {
      const corpus = openCorpus(tinyCorpus(join(folder, `${shards}`), { validation: texts }, { shards }));
      const data = evaluationWindows(corpus.split('validation'), { length: 9, stride: 8 });
      return Array.from({ length: data.length }, (_, i) => data.row(i));
    });
    expect(three).toEqual(one);
    expect(one).toHaveLength(3);
    // Every document begins somewhere, and none where another goes on.
    expect(one.flatMap(({ starts }, i) => starts.map(start => start + 8 * i))).toEqual([
      0,
      expect.any(Number),
      expect.any(Number),
    ]);
  });
});
