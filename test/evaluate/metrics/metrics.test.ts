/** Metrics that recordings do not hold, beside numbers worked out by hand or by SciPy and scikit-learn, and what they refuse. */
import { describe, expect, it } from 'vitest';
import { corpusBleu } from '../../../src/evaluate/metrics/bleu.ts';
import { kendall, pearson, ranks } from '../../../src/evaluate/metrics/correlation.ts';
import { distinctN, selfBleu } from '../../../src/evaluate/metrics/diversity.ts';
import { passAtK } from '../../../src/evaluate/metrics/pass-at-k.ts';
import { porterStem } from '../../../src/evaluate/metrics/porter-stem.ts';
import { mrr, ndcg, recallAt, reciprocalRank } from '../../../src/evaluate/metrics/ranking.ts';
import { rougeL, rougeLsum } from '../../../src/evaluate/metrics/rouge.ts';
import { spansOf } from '../../../src/evaluate/metrics/span-f1.ts';
import { errorOf } from '../../data/helpers.ts';

describe('ranking', () => {
  it('looks for the first relevant item', () => {
    expect([reciprocalRank([0, 0, 1, 1]), reciprocalRank([1]), reciprocalRank([0, 0])]).toEqual([1 / 3, 1, 0]);
    expect(
      mrr([
        [0, 1],
        [1, 0],
        [0, 0],
      ]),
    ).toBeCloseTo(0.5, 12);
  });

  it('discounts gains by their place, by the best order', () => {
    // scikit-learn 1.9's ndcg_score([[3, 2, 3, 0, 1, 2]], [[6, 5, 4, 3, 2, 1]]), all and k = 3
    expect(ndcg([3, 2, 3, 0, 1, 2])).toBeCloseTo(0.9608081943360616, 12);
    expect(ndcg([3, 2, 3, 0, 1, 2], 3)).toBeCloseTo(0.9777813616305048, 12);
    expect([ndcg([1, 0]), ndcg([0, 0])]).toEqual([1, 0]);
  });

  it('counts what was found among the first', () => {
    expect([recallAt(2, [1, 0, 1, 1]), recallAt(4, [1, 0, 1, 1]), recallAt(1, [0, 1], 4), recallAt(3, [0])]).toEqual([
      1 / 3,
      1,
      0,
      0,
    ]);
  });
});

describe('pass@k', () => {
  it('is the share of samples of k that hold a right one', async () => {
    // Of all pairs of 5 answers with 2 right ones, 7 of 10 have one.
    expect(passAtK(5, 2, 2)).toBeCloseTo(0.7, 12);
    expect([passAtK(5, 0, 3), passAtK(5, 5, 1), passAtK(4, 2, 3)]).toEqual([0, 1, 1]);
    expect(passAtK(200, 3, 1)).toBeCloseTo(3 / 200, 12);
    expect((await errorOf(() => passAtK(3, 1, 4))).message).toMatch(/pass@4 of 3 answers/);
  });
});

describe('diversity', () => {
  it('counts different runs of words over all texts', () => {
    expect(
      distinctN(
        [
          ['a', 'b', 'a'],
          ['a', 'b'],
        ],
        1,
      ),
    ).toBe(2 / 5);
    expect(
      distinctN(
        [
          ['a', 'b', 'a'],
          ['a', 'b'],
        ],
        2,
      ),
    ).toBe(2 / 3);
    expect(distinctN([['a']], 2)).toBe(0);
  });

  it('compares each text with the others', () => {
    const same = 'the cat sat on the mat';
    expect(selfBleu([same, same])).toBeCloseTo(100, 9);
    expect(selfBleu([same, 'all things here differ a lot'])).toBeLessThan(10);
  });
});

describe('correlation', () => {
  it("is SciPy's, ties included", async () => {
    const x = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
    const y = [2, 7, 1, 8, 2, 8, 1, 8, 2, 8];
    expect(kendall(x, y)).toBeCloseTo(KENDALL, 12);
    expect(ranks([10, 20, 10, 5])).toEqual([2.5, 4, 2.5, 1]);
    expect(pearson([1, 2, 3], [1, 1, 1])).toBeNaN();
    expect((await errorOf(() => pearson([1], [1, 2]))).message).toMatch(/there are 1 texts and references for 2/);
  });
});

describe('rouge', () => {
  it('takes lines of a summary together', () => {
    const [prediction, reference] = ['the cat sat\na dog ran', 'a dog ran\nthe cat sat'];
    expect(rougeL(prediction, reference).f1).toBeCloseTo(0.5, 12);
    expect(rougeLsum(prediction, reference)).toEqual({ precision: 1, recall: 1, f1: 1 });
    // A word that stands once in the prediction counts once.
    expect(rougeLsum('the cat', 'the cat\nthe cat').recall).toBeCloseTo(0.5, 12);
  });

  it('knows stems', () => {
    const words = ['running', 'flies', 'happily', 'relational', 'generalizations', 'sky', 'dying', 'hopping', 'agreed'];
    expect(words.map(porterStem)).toEqual(['run', 'fli', 'happili', 'relat', 'gener', 'sky', 'die', 'hop', 'agre']);
  });
});

describe('spans', () => {
  it('end where their type does', () => {
    const tags = ['B-PER', 'I-PER', 'I-LOC', 'O', 'I-ORG'];
    expect(spansOf(tags).map(({ type, begin, end }) => [type, begin, end])).toEqual([
      ['PER', 0, 2],
      ['LOC', 2, 3],
      ['ORG', 4, 5],
    ]);
    expect(spansOf(tags, { isStrict: true })).toEqual([{ type: 'PER', begin: 0, end: 2 }]);
  });
});

describe('bleu', () => {
  it('wants references for each text', async () => {
    expect((await errorOf(() => corpusBleu(['a', 'b'], [['a']]))).message).toMatch(
      /there are 2 texts and references for 1/,
    );
    expect(corpusBleu([''], [['a b']]).score).toBe(0);
  });
});

/** Recorded with SciPy 1.17. */
const KENDALL = 0.13041013273932525;
