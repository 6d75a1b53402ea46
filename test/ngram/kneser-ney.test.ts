import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateDiscounts, type Smoothing } from '../../src/ngram/discounts.ts';
import { Lexicon } from '../../src/ngram/text.ts';
import { trainNgram } from '../../src/ngram/train.ts';
import { tokenVocabulary } from '../../src/ngram/vocabulary.ts';
import { createRandom } from '../../src/support/random.ts';

/**
 * Interpolated Kneser–Ney straight from the formulas, with a Map per n-gram length, over documents of token ids whose
 * end token is also what they begin with. Returns p(token | context).
 */
function reference(documents: number[][], vocabSize: number, end: number, order: number, smoothing: Smoothing) {
  const counts = Array.from({ length: order + 1 }, () => new Map<string, number>());
  for (const document of documents) {
    const padded = [end, ...document, end];
    for (let last = 1; last < padded.length; last++) {
      for (let n = 1; n <= Math.min(order, last + 1); n++) {
        const ngram = padded.slice(last - n + 1, last + 1).join(' ');
        counts[n].set(ngram, (counts[n].get(ngram) ?? 0) + 1);
      }
    }
  }
  const begins = (ngram: string) => ngram.split(' ').length > 1 && ngram.split(' ')[0] === String(end);
  const adjusted = counts.map((ofLength, n) => {
    if (n === 0 || n === order) return ofLength;
    const result = new Map<string, number>();
    for (const ngram of ofLength.keys()) {
      const left = [...counts[n + 1].keys()].filter(longer => longer.endsWith(` ${ngram}`)).length;
      result.set(ngram, begins(ngram) ? ofLength.get(ngram)! : left);
    }
    return result;
  });
  const discounts = adjusted.map(
    ofLength => estimateDiscounts(Uint32Array.from(ofLength.values()), smoothing).discounts,
  );
  const probability = (context: number[], token: number): number => {
    const n = context.length + 1;
    const lower = n === 1 ? 1 / vocabSize : probability(context.slice(1), token);
    const prefix = context.map(id => `${id} `).join('');
    const followers = Array.from({ length: vocabSize }, (_, id) => adjusted[n].get(prefix + id) ?? 0);
    const total = followers.reduce((a, b) => a + b);
    if (total === 0) return lower;
    const discount = (count: number) => (count === 0 ? 0 : discounts[n][Math.min(count, 3) - 1]);
    const gamma = followers.reduce((sum, count) => sum + discount(count), 0) / total;
    return (followers[token] - discount(followers[token])) / total + gamma * lower;
  };
  return (document: number[], token: number) => probability([end, ...document].slice(1 - order || Infinity), token);
}

const VOCAB = 6;
const END = 5;
const corpora = fc.array(fc.array(fc.nat(VOCAB - 2), { maxLength: 30 }), { minLength: 1, maxLength: 12 });
const join = (documents: number[][]) => documents.flatMap(document => [...document, END]);

describe.each(['modified', 'absolute'] as const)('%s discounts', smoothing => {
  test('probabilities are those of the formulas, for any documents and order', () => {
    fc.assert(
      fc.property(
        corpora,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(VOCAB - 2), { maxLength: 7 }),
        (documents, order, context) => {
          const { model } = trainNgram(join(documents), tokenVocabulary(VOCAB, END), { order, smoothing });
          const expected = reference(documents, VOCAB, END, order, smoothing);
          for (const prefix of [context, documents[0].slice(0, 9)]) {
            for (let token = 0; token < VOCAB; token++) {
              expect(Math.exp(model.logProb(prefix, token))).toBeCloseTo(expected(prefix, token), 6);
            }
          }
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  test('every token has a probability above 0, and after any context they sum to 1', () => {
    fc.assert(
      fc.property(
        corpora,
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(VOCAB - 2), { maxLength: 7 }),
        fc.constantFrom([], [0, 1], [0, 0, 2]),
        (documents, order, context, prune) => {
          const { model } = trainNgram(join(documents), tokenVocabulary(VOCAB, END), {
            order,
            smoothing,
            prune: prune.slice(0, order),
          });
          const distribution = model.distribution(context);
          expect(distribution.length).toBe(VOCAB);
          expect(Math.min(...distribution)).toBeGreaterThan(0);
          expect(distribution.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
          for (let token = 0; token < VOCAB; token++) {
            expect(Math.exp(model.logProb(context, token))).toBeCloseTo(distribution[token], 6);
          }
        },
      ),
      { numRuns: 100, seed: 2 },
    );
  });
});

test('discounts from counts of counts', () => {
  // n1 = 4, n2 = 3, n3 = 2, n4 = 1, so Y = 4 / (4 + 2·3) = 0.4.
  const counts = Uint32Array.from([1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 9]);
  const { discounts, fallback } = estimateDiscounts(counts, 'modified');
  expect(fallback).toBe(false);
  const expected = [1 - (2 * 0.4 * 3) / 4, 2 - (3 * 0.4 * 2) / 3, 3 - (4 * 0.4 * 1) / 2];
  for (const [i, discount] of discounts.entries()) expect(discount).toBeCloseTo(expected[i], 12);
  expect(estimateDiscounts(counts, 'absolute').discounts).toEqual([0.4, 0.4, 0.4]);
});

test('data without singletons get the fallback, or the discounts that were given for it', () => {
  const doubles = Uint32Array.from([2, 2, 3]);
  expect(estimateDiscounts(doubles, 'modified')).toEqual({ discounts: [0.5, 1, 1.5], fallback: true });
  expect(estimateDiscounts(doubles, 'absolute')).toEqual({ discounts: [0.5, 0.5, 0.5], fallback: true });
  expect(estimateDiscounts(doubles, 'modified', [0.1, 0.2, 0.3]).discounts).toEqual([0.1, 0.2, 0.3]);
});

test('ids that the corpus lacks share what the seen ones left', () => {
  const { model } = trainNgram([0, 1, 0, 2, 9], tokenVocabulary(10, 9), { order: 3 });
  const unseen = [3, 4, 5, 6, 7, 8].map(id => model.logProb([0, 1], id));
  expect(new Set(unseen).size).toBe(1);
  expect(unseen[0]).toBeGreaterThan(-Infinity);
});

test('without an end token the sequence is one document, and its start is no token', () => {
  const { model } = trainNgram([0, 1, 2, 0, 1, 2, 0, 1], tokenVocabulary(3), { order: 3 });
  expect(model.vocabulary).toEqual({ size: 4, start: 3 });
  const distribution = model.distribution([]);
  expect(distribution[3]).toBe(0);
  expect(distribution.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  expect(distribution.indexOf(Math.max(...distribution))).toBe(0);
});

test('in text, <s> is never predicted and the rest sums to 1', () => {
  const lexicon = new Lexicon('characters');
  const tokens = lexicon.encode('abracadabra\nabra\ncadabra\n', { grow: true });
  const { model } = trainNgram(tokens, lexicon.vocabulary, { order: 4 });
  for (const prompt of ['', 'abr', 'zzz']) {
    const distribution = model.distribution(lexicon.encodePrompt(prompt));
    expect(distribution[lexicon.vocabulary.start]).toBe(0);
    expect(distribution.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  }
});

test('pruning drops the rare n-grams and only those', () => {
  const random = createRandom(3);
  const tokens = Array.from({ length: 3000 }, () => Math.min(random.below(8), random.below(8)));
  const full = trainNgram(tokens, tokenVocabulary(9, 8), { order: 4 });
  const pruned = trainNgram(tokens, tokenVocabulary(9, 8), { order: 4, prune: [0, 0, 1, 2] });
  expect(pruned.report[1].pruned).toBe(0);
  expect(pruned.report[2].ngrams + pruned.report[2].pruned).toBe(full.report[2].ngrams);
  const counted = new Map<string, number>();
  for (let i = 3; i < tokens.length; i++) {
    const ngram = tokens.slice(i - 3, i + 1).join(' ');
    counted.set(ngram, (counted.get(ngram) ?? 0) + 1);
  }
  // And the one 4-gram that begins the document, seen once.
  expect(pruned.report[3].ngrams).toBe([...counted.values()].filter(count => count > 2).length);
});

test.each([
  [{ order: 0 }, 'TSLM_NGRAM_ORDER'],
  [{ prune: [1] }, 'TSLM_NGRAM_PRUNE'],
  [{ prune: [0, 2, 1] }, 'TSLM_NGRAM_PRUNE'],
  [{ order: 2, prune: [0, 0, 1] }, 'TSLM_NGRAM_PRUNE'],
  [{ discountFallback: [0.5, 2.5, 1] as [number, number, number] }, 'TSLM_NGRAM_DISCOUNT'],
])('refuses %j', (options, code) => {
  expect(() => trainNgram([0, 1], tokenVocabulary(2), options)).toThrow(expect.objectContaining({ code }));
});

test('refuses tokens outside the vocabulary and an empty sequence', () => {
  expect(() => trainNgram([0, 7], tokenVocabulary(7, 6))).toThrow(/token 7 at index 1/);
  expect(() => trainNgram([], tokenVocabulary(7, 6))).toThrow(/no tokens/);
});

test('says what it is doing, twice per n-gram length', () => {
  const steps: string[] = [];
  trainNgram([0, 1, 0, 1], tokenVocabulary(2), { order: 3, onStep: step => void steps.push(step) });
  expect(steps).toEqual([
    'sorting n-grams',
    'counting 2-grams',
    'counting 3-grams',
    'smoothing 1-grams',
    'smoothing 2-grams',
    'smoothing 3-grams',
  ]);
});
