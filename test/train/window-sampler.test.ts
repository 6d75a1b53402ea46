import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openCorpus } from '../../src/data/corpus/corpus.ts';
import type { CorpusSplit } from '../../src/data/corpus/corpus-split.ts';
import { causal } from '../../src/objectives/causal.ts';
import { evaluationWindows } from '../../src/train/batches.ts';
import { createWindowSampler } from '../../src/train/window-sampler.ts';
import { tinyCorpus } from '../helpers/tiny.ts';
import { scratchFolder } from '../support/scratch.ts';

/** A split whose tokens are their own positions. */
const positions = (tokens: number): CorpusSplit =>
  ({
    tokens,
    read: (offset: number, length: number) =>
      Uint32Array.from({ length: Math.min(length, tokens - offset) }, (_, i) => offset + i),
  }) as unknown as CorpusSplit;

const starts = (split: CorpusSplit, options: { length: number; stride: number; seed: number }, epoch = 0): number[] => {
  const sampler = createWindowSampler(split, options);
  sampler.drawn = epoch * sampler.windowsPerEpoch;
  return Array.from({ length: sampler.windowsPerEpoch }, () => {
    const window = sampler.next();
    expect(window).toHaveLength(options.length);
    return window[0];
  });
};

describe('the window sampler', () => {
  it('shows every token of any split once an epoch, but for less than a stride at its ends', () => {
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

  it('takes another order and cuts at other places each epoch, whatever remains at the end', () => {
    for (const tokens of [801, 805]) {
      const epochs = Array.from({ length: 12 }, (_, e) =>
        starts(positions(tokens), { length: 9, stride: 8, seed: 3 }, e),
      );
      expect(new Set(epochs.map(order => order.join())).size).toBe(12);
      const phases = new Set(epochs.map(order => order.at(-1)! % 8));
      expect(phases.size).toBeGreaterThan(3);
      expect(epochs[0]).not.toEqual([...epochs[0]].sort((a, b) => a - b));
    }
  });

  it('follows from the seed and the number of windows drawn alone', () => {
    const options = { length: 9, stride: 8, seed: 7 };
    const whole = createWindowSampler(positions(100), options);
    const all = Array.from({ length: 40 }, () => [...whole.next()]);
    for (const drawn of [0, 1, 11, 12, 13, 37]) {
      const resumed = createWindowSampler(positions(100), options);
      resumed.drawn = drawn;
      expect([...resumed.next()]).toEqual(all[drawn]);
    }
    expect(starts(positions(100), { ...options, seed: 8 })).not.toEqual(starts(positions(100), options));
  });

  it('refuses a split that is shorter than one example', () => {
    const make = (tokens: number) => createWindowSampler(positions(tokens), { length: 9, stride: 8, seed: 1 });
    expect(() => make(8)).toThrow(expect.objectContaining({ code: 'TSLM_CORPUS_TOO_SMALL' }));
    expect([...make(9).next()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

describe('the windows of an evaluation', () => {
  const windows = (tokens: number, limit?: number) =>
    evaluationWindows(positions(tokens), causal, 8, { limit }).map(window => window[0]);

  it('lie evenly, side by side when all are taken, and are the same each time', () => {
    expect(windows(41)).toEqual([0, 8, 16, 24, 32]);
    expect(windows(48)).toEqual([0, 8, 16, 24, 32]);
    expect(windows(801, 5)).toEqual([0, 160, 320, 480, 640]);
    expect(windows(801, 5)).toEqual(windows(801, 5));
    expect(windows(41, 99)).toHaveLength(5);
  });

  it('shrink to a short split, and refuse one without anything to predict', () => {
    expect(evaluationWindows(positions(5), causal, 8).map(window => [...window])).toEqual([[0, 1, 2, 3, 4]]);
    for (const tokens of [0, 1]) {
      expect(() => windows(tokens)).toThrow(expect.objectContaining({ code: 'TSLM_EMPTY_SPLIT' }));
    }
  });

  it('cross the files of a corpus', () => {
    const folder = scratchFolder();
    const texts = ['one two three', 'four', 'five six'];
    const [one, three] = [1, 3].map(shards =>
      evaluationWindows(
        openCorpus(tinyCorpus(join(folder, `${shards}`), { validation: texts }, { shards })).split('validation'),
        causal,
        8,
      ),
    );
    expect(three.map(window => [...window])).toEqual(one.map(window => [...window]));
    expect(one).toHaveLength(3);
  });
});
