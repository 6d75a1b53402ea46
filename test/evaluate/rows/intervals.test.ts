import { describe, expect, it } from 'vitest';
import { labelScores, numberScores } from '../../../src/evaluate/rows/labels.ts';
import { marginOver } from '../../../src/evaluate/rows/row-scores.ts';
import { tagScores } from '../../../src/evaluate/rows/tags.ts';
import { bootstrapInterval } from '../../../src/evaluate/statistics/bootstrap.ts';

describe('intervals of scores', () => {
  it('are those of the normal distribution for a mean', () => {
    const values = Array.from({ length: 400 }, (_, i) => Math.sin(i * 12.9898) * 3);
    const mean = (items: Uint32Array): number => items.reduce((sum, i) => sum + values[i], 0) / items.length;
    const all = mean(Uint32Array.from(values.keys()));
    const error = Math.sqrt(values.reduce((sum, x) => sum + (x - all) ** 2, 0) / 399 / 400);
    const [low, high] = bootstrapInterval(400, mean)!;
    expect(Math.abs(low - (all - 1.96 * error))).toBeLessThan(0.3 * error);
    expect(Math.abs(high - (all + 1.96 * error))).toBeLessThan(0.3 * error);
  });

  it('hold what they are of, and no more where everything is right', () => {
    const truth = Array.from({ length: 60 }, (_, i) => `${i % 3}`);
    const predicted = truth.map((label, i) => (i % 4 === 0 ? '0' : label));
    const { metrics, interval, intervals } = labelScores(truth, predicted);
    expect(interval![0]).toBeLessThan(metrics.accuracy);
    expect(interval![1]).toBeGreaterThan(metrics.accuracy);
    expect(intervals!.macroF1![0]).toBeLessThan(metrics.macroF1);
    expect(intervals!.macroF1![1]).toBeGreaterThan(metrics.macroF1);
    expect(labelScores(truth, truth).intervals!.macroF1).toEqual([1, 1]);
  });

  it('of a margin are of the rows that both models were asked', () => {
    const truth = Array.from({ length: 100 }, () => 'a');
    const wrongFirst = (count: number) =>
      labelScores(
        truth,
        truth.map((label, i) => (i < count ? 'b' : label)),
      );
    // Ten rows more are right and none less: 0.1 ± 1.96 √(0.1 · 0.9 / 99).
    const { margin, interval } = marginOver(wrongFirst(10), wrongFirst(20))!;
    expect(margin).toBeCloseTo(0.1, 12);
    expect(interval[0]).toBeCloseTo(0.1 - 1.959964 * Math.sqrt(0.09 / 99), 6);
    // As if they were other rows the difference would be in doubt.
    expect(wrongFirst(10).interval![0]).toBeLessThan(wrongFirst(20).interval![1]);
    expect(marginOver(wrongFirst(10), labelScores(['a'], ['a']))).toBeUndefined();
    expect(marginOver(labelScores(['a'], ['a']), labelScores(['a'], ['b']))).toBeUndefined();
    expect(tagScores([['X', 'Y']], [['X', 'X']]).outcomes).toBeUndefined();
  });

  it('are there for correlations and for F1 of spans', () => {
    const truth = Array.from({ length: 50 }, (_, i) => i % 5);
    const noisy = truth.map((x, i) => x + Math.sin(i * 7.1) * 2);
    const { metrics, intervals } = numberScores(truth, noisy);
    for (const name of ['spearman', 'pearson']) {
      expect(intervals![name]![0]).toBeLessThan(metrics[name]);
      expect(intervals![name]![1]).toBeGreaterThan(metrics[name]);
    }
    const tags = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? ['B-A', 'I-A', 'O'] : ['O', 'B-B', 'O']));
    const found = tags.map((sentence, i) => (i % 5 === 0 ? ['O', 'O', 'O'] : sentence));
    const scores = tagScores(tags, found);
    expect(scores.metrics.spanF1).toBeCloseTo(64 / 72, 12); // 32 of 40 spans, none that is not there
    expect(scores.interval![0]).toBeLessThan(scores.metrics.spanF1);
    expect(scores.interval![1]).toBeGreaterThan(scores.metrics.spanF1);
  });

  it('are none where there is nothing to draw from, and leave out draws without a value', () => {
    expect(bootstrapInterval(0, () => 1)).toBeUndefined();
    expect(numberScores([1, 1], [2, 3]).intervals!.pearson).toBeUndefined();
    const [low, high] = numberScores([1, 2, 3], [1, 2, 4]).intervals!.spearman!;
    expect(low).toBeLessThanOrEqual(high);
  });
});
