import { describe, expect, it } from 'vitest';
import type { Rows } from '../../src/data/rows/rows.ts';
import { denoising } from '../../src/objectives/denoising.ts';
import { applyInsertions, applyRotation, applySpans, drawSpans } from '../../src/objectives/text-noise.ts';
import { createRandom } from '../../src/support/random.ts';
import { batchOf, expectToLearn, tinyModel, tokenizers, window } from './helpers.ts';

const tokenizer = tokenizers.byteLevel();
const mask = tokenizer.maskTokenId!;
const { before, after } = tokenizer.specialTokensAround();
const texts = ['The river rose.', ' The bridge was closed.', ' Dogs are animals.', ' The cat sat on the mat.'];
const sentences = texts.map(text => Uint16Array.from(tokenizer.encodeIds(text)));
const document: Rows['document'] = { sentences, index: 0 };
const whole = sentences.flatMap(ids => [...ids]);
const inside = (ids: ArrayLike<number>): number[] => Array.from(ids).slice(before.length, -after.length);

describe('denoising', () => {
  it('asks for the whole text, whatever became of it', () => {
    const objective = denoising({ tokenizer, context: 64 }, { insertShare: 0.1, rotateProbability: 1 });
    for (let seed = 0; seed < 10; seed++) {
      const { inputIds, labels } = objective.example(document, createRandom(seed));
      expect(Array.from(labels)).toEqual([...before, ...whole, ...after]);
      expect(inputIds.length).toBeLessThanOrEqual(64);
      expect(inputIds).toContain(mask);
    }
  });

  it('permutes whole sentences', () => {
    const objective = denoising({ tokenizer, context: 64 }, { maskShare: 0 });
    const orders = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const tokens = inside(objective.example(document, createRandom(seed)).inputIds);
      const order: number[] = [];
      for (let at = 0; at < tokens.length; at += sentences[order.at(-1)!].length) {
        order.push(sentences.findIndex(ids => ids.every((id, i) => tokens[at + i] === id)));
        expect(order.at(-1)).toBeGreaterThanOrEqual(0);
      }
      orders.add(order.join());
    }
    expect(orders.size).toBeGreaterThan(20);
  });

  it('puts spans apart', () => {
    const random = createRandom(1);
    for (let i = 0; i < 200; i++) {
      const spans = drawSpans(40, 0.3, 3, random);
      for (const [j, [start, length]] of spans.entries()) {
        const next = spans[j + 1]?.[0] ?? Number.POSITIVE_INFINITY;
        expect(start + length).toBeLessThanOrEqual(40);
        expect(next).toBeGreaterThan(start + length);
      }
    }
  });

  it('masks, deletes, inserts and rotates', () => {
    const tokens = [1, 2, 3, 4, 5];
    const spans = [
      [1, 2],
      [4, 0],
    ] as const;
    expect(applySpans(tokens, spans, 9)).toEqual([1, 9, 4, 9, 5]);
    expect(applySpans(tokens, spans, 9, 'nothing')).toEqual([1, 4, 5]);
    expect(applySpans(tokens, spans, 9, 'masks')).toEqual([1, 9, 9, 4, 5]);
    expect(
      applyInsertions(tokens, [
        [5, 8],
        [0, 7],
        [2, 6],
      ]),
    ).toEqual([7, 1, 2, 6, 3, 4, 5, 8]);
    expect(applyRotation(tokens, 2)).toEqual([3, 4, 5, 1, 2]);
    expect(applyRotation([], 0)).toEqual([]);
  });

  it('takes sentences that fit from a long document, and a part of one that is too long', () => {
    const objective = denoising({ tokenizer, context: 24 }, { maskShare: 0, permuteProbability: 0 });
    const lengths = new Set<number>();
    for (let seed = 0; seed < 40; seed++) {
      const { inputIds, labels } = objective.example(document, createRandom(seed));
      expect(inputIds).toEqual(labels);
      expect(labels.length).toBeLessThanOrEqual(24);
      expect(whole.join()).toContain(inside(labels).join());
      lengths.add(labels.length);
    }
    expect(lengths.size).toBeGreaterThan(1);
  });

  it('learns rows by heart, of documents and of windows', () => {
    const bart = () => tinyModel('bart', 'BartForConditionalGeneration', tokenizer.vocabSize);
    const rows = [document, { sentences: sentences.slice(1, 3), index: 1 }];
    expectToLearn(denoising({ tokenizer, context: 64 }), bart(), rows);
    const windows = denoising({ tokenizer, context: 64 }, { rows: 'tokens' });
    expect(batchOf(windows, [window(whole)]).labels.toNumbers()).toEqual([...before, ...whole, ...after]);
    expectToLearn(windows, bart(), [window(whole), window(whole.slice(5))]);
  });
});
