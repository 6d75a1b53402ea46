import { describe, expect, test } from 'vitest';
import { Lexicon } from '../../src/ngram/text.ts';
import { trainNgram } from '../../src/ngram/train.ts';
import { tokenVocabulary } from '../../src/ngram/vocabulary.ts';
import { createRandom } from '../../src/support/random.ts';

const END = 7;
const random = createRandom(5);
/** Documents of a skewed alphabet in which the next token depends on the last one. */
const tokens: number[] = [];
for (let document = 0; document < 200; document++) {
  let token = random.below(7);
  for (let i = random.below(40); i > 0; i--) {
    tokens.push(token);
    token = (token * 3 + random.below(3)) % 7;
  }
  tokens.push(END);
}
const { model } = trainNgram(tokens, tokenVocabulary(8, END), { order: 4 });

describe('scores', () => {
  test('are the sums of what each token gets after its document so far', () => {
    let expected = 0;
    let document: number[] = [];
    for (const token of tokens.slice(0, 500)) {
      expected += model.logProb(document, token);
      document = token === END ? [] : [...document, token];
    }
    expect(model.score(tokens.slice(0, 500))).toEqual({ logProb: expect.closeTo(expected, 6), tokens: 500 });
  });

  test('go on from piece to piece', () => {
    const state = model.start();
    const pieces = [tokens.slice(0, 13), tokens.slice(13, 14), tokens.slice(14, 400)];
    const total = pieces.reduce((sum, piece) => sum + model.score(piece, state).logProb, 0);
    expect(total).toBeCloseTo(model.score(tokens.slice(0, 400)).logProb, 6);
  });

  test('see no further back than the beginning of the document', () => {
    expect(model.logProb([1, 2, 3, END, 4], 5)).toBe(model.logProb([4], 5));
    expect(model.logProb([END], 5)).toBe(model.logProb([], 5));
    expect(model.logProb([4], 5)).not.toBe(model.logProb([1, 2, 3, 4], 5));
  });

  test('see no further back than order - 1 tokens', () => {
    expect(model.logProb([0, 0, 6, 1, 3, 2], 5)).toBe(model.logProb([4, 4, 1, 3, 2], 5));
  });

  test('perplexity is that of the mean', () => {
    const { logProb } = model.score(tokens);
    expect(model.perplexity(tokens)).toBeCloseTo(Math.exp(-logProb / tokens.length), 10);
    expect(model.perplexity(tokens)).toBeLessThan(8);
  });

  test('tokens outside the vocabulary are refused', () => {
    expect(() => model.score([8])).toThrow(/token 8/);
    expect(() => model.score([-1])).toThrow(/token -1/);
  });
});

describe('samples', () => {
  test('are as frequent as they are probable', () => {
    const context = tokens.slice(0, 3);
    const frequencies = new Float64Array(8);
    const draws = createRandom(1);
    for (let i = 0; i < 20_000; i++) frequencies[model.sample(context, draws)] += 1 / 20_000;
    const distribution = model.distribution(context);
    for (let token = 0; token < 8; token++)
      expect(Math.abs(frequencies[token] - distribution[token])).toBeLessThan(0.015);
  });

  test('at temperature 0 are the most probable token, at 0.5 follow the squares', () => {
    const distribution = model.distribution([1]);
    const best = distribution.indexOf(Math.max(...distribution));
    expect(model.sample([1], createRandom(2), { temperature: 0 })).toBe(best);
    const draws = createRandom(3);
    let hits = 0;
    for (let i = 0; i < 10_000; i++) hits += model.sample([1], draws, { temperature: 0.5 }) === best ? 1 : 0;
    const squares = distribution.map(p => p * p);
    expect(Math.abs(hits / 10_000 - squares[best] / squares.reduce((a, b) => a + b))).toBeLessThan(0.02);
  });

  test('of documents end with their end token or at the limit, the same for the same seed', () => {
    const document = [...model.generate([2], { maxTokens: 1000, random: createRandom(9) })];
    expect(document.indexOf(END)).toBe(document.length - 1);
    expect([...model.generate([2], { maxTokens: 1000, random: createRandom(9) })]).toEqual(document);
    expect([...model.generate([2], { maxTokens: 3, random: createRandom(9) })]).toEqual(document.slice(0, 3));
  });
});

test('an order-1 model ignores the context', () => {
  const { model } = trainNgram([0, 0, 1, 2], tokenVocabulary(3, 2), { order: 1 });
  expect(model.logProb([0], 1)).toBe(model.logProb([], 1));
  expect(model.distribution([0, 0]).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
});

describe('text', () => {
  test('lines are documents, empty ones too, and white space divides words', () => {
    const lexicon = new Lexicon('words');
    const ids = lexicon.encode('to be\tor \r\n\nnot to  be', { grow: true });
    expect(Array.from(ids, id => lexicon.words[id])).toEqual([
      'to',
      'be',
      'or',
      '</s>',
      '</s>',
      'not',
      'to',
      'be',
      '</s>',
    ]);
    expect(lexicon.decode(ids)).toBe('to be or\n\nnot to be\n');
  });

  test('characters are code points', () => {
    const lexicon = new Lexicon('characters');
    const ids = lexicon.encode('a 😀\n', { grow: true });
    expect(ids.length).toBe(4);
    expect(lexicon.decode(ids)).toBe('a 😀\n');
  });

  test('words that are new after training, and the word <unk>, are the unknown word', () => {
    const lexicon = new Lexicon('words');
    lexicon.encode('one two', { grow: true });
    const { unknown, end } = lexicon.vocabulary;
    expect([...lexicon.encode('three <unk>')]).toEqual([unknown, unknown, end]);
  });

  test('the edge symbols cannot be words', () => {
    expect(() => new Lexicon('words').encode('a </s> b')).toThrow(
      expect.objectContaining({ code: 'TSLM_NGRAM_RESERVED' }),
    );
  });
});
