import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/models/model.ts';
import { classifyTexts } from '../../src/tasks/text-classification.ts';
import { errorOf } from '../data/helpers.ts';
import { alone, sigmoid, softmax, tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();
const classifier = (more: Record<string, unknown> = {}): Model =>
  tinyModel('bert', 'BertForSequenceClassification', { id2label: { 0: 'bad', 1: 'good', 2: 'odd' }, ...more });
const texts = ['the cat sat on the mat .', 'unhappy', 'a dog is in paris', 'where is ann lee ?'];

const logitsOf = (model: Model, text: string, pair?: string): number[] => {
  const { ids, typeIds } = tokenizer.encode(text, { pair });
  return alone(model, ids, typeIds).logits!.toNumbers();
};
const byName = (labels: { label: string; score: number }[]): Record<string, number> =>
  Object.fromEntries(labels.map(({ label, score }) => [label, score]));

describe('text classification', () => {
  it('gives each text of a batch what it gets alone, the most probable label first', () => {
    using model = classifier();
    const { labels, tokens } = classifyTexts(model, tokenizer, texts);
    for (const [i, text] of texts.entries()) {
      const [bad, good, odd] = softmax(logitsOf(model, text));
      const found = byName(labels[i]);
      expect(found.bad).toBeCloseTo(bad, 5);
      expect(found.good).toBeCloseTo(good, 5);
      expect(found.odd).toBeCloseTo(odd, 5);
      const scores = labels[i].map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    }
    expect(tokens).toBe(texts.reduce((sum, text) => sum + tokenizer.encode(text).length, 0));
    expect(classifyTexts(model, tokenizer, texts, { topK: 1 }).labels.map(row => row.length)).toEqual([1, 1, 1, 1]);
  });

  it('reads a pair as two segments', () => {
    using model = classifier();
    const [found] = classifyTexts(model, tokenizer, [['the cat', 'a dog sat']]).labels;
    const [bad] = softmax(logitsOf(model, 'the cat', 'a dog sat'));
    expect(byName(found).bad).toBeCloseTo(bad, 5);
    expect(byName(classifyTexts(model, tokenizer, ['the cat a dog sat']).labels[0]).bad).not.toBeCloseTo(bad, 3);
  });

  it('takes what scores mean from problem_type', () => {
    using several = classifier({ problem_type: 'multi_label_classification' });
    const [any] = classifyTexts(several, tokenizer, ['the cat']).labels;
    expect(byName(any).good).toBeCloseTo(sigmoid(logitsOf(several, 'the cat')[1]), 5);

    using regression = classifier({ problem_type: 'regression', id2label: { 0: 'stars' } });
    const [[stars]] = classifyTexts(regression, tokenizer, ['the cat']).labels;
    expect(stars.label).toBe('stars');
    expect(stars.score).toBeCloseTo(logitsOf(regression, 'the cat')[0], 5);

    using single = classifier({ id2label: null, num_labels: 1 });
    const [[only]] = classifyTexts(single, tokenizer, ['the cat']).labels;
    expect(only).toEqual({ label: 'LABEL_0', score: expect.closeTo(sigmoid(logitsOf(single, 'the cat')[0]), 5) });
  });

  it.each([
    ['gpt2', 'GPT2ForSequenceClassification', { pad_token_id: 0 }],
    ['gpt2', 'GPT2ForSequenceClassification', { pad_token_id: null }],
    ['xlnet', 'XLNetForSequenceClassification', {}],
    ['roberta', 'RobertaForSequenceClassification', {}],
    ['longformer', 'LongformerForSequenceClassification', {}],
  ] as const)('batches do not change the scores of %s: %s %j', (modelType, architecture, more) => {
    using model = tinyModel(modelType, architecture, more);
    const together = classifyTexts(model, tokenizer, texts).labels.map(byName);
    for (const [i, text] of texts.entries()) {
      const apart = byName(classifyTexts(model, tokenizer, [text]).labels[0]);
      expect(together[i].LABEL_1).toBeCloseTo(apart.LABEL_1, 4);
    }
  });

  it('cuts a text to what the model reads where it is told to', async () => {
    using model = classifier();
    const long = 'the cat sat on a mat '.repeat(20);
    expect(await errorOf(() => classifyTexts(model, tokenizer, ['the cat', long]))).toMatchObject({
      code: 'TSLM_TOO_LONG',
      message: 'input 2 has 122 tokens, and the model reads 40',
    });
    const { labels, tokens } = classifyTexts(model, tokenizer, [long], { truncate: true });
    expect(tokens).toBe(40);
    const { ids } = tokenizer.encode(long, { truncation: true, maxLength: 40 });
    const [bad] = softmax(alone(model, ids).logits!.toNumbers());
    expect(byName(labels[0]).bad).toBeCloseTo(bad, 5);
  });

  it('refuses other models, and tokens that are not in the vocabulary', async () => {
    using masked = tinyModel('bert', 'BertForMaskedLM');
    expect(await errorOf(() => classifyTexts(masked, tokenizer, ['the']))).toMatchObject({ code: 'TSLM_TASK' });
    using model = classifier();
    expect(await errorOf(() => classifyTexts(model, tokenizer, [[]]))).toMatchObject({ code: 'TSLM_EMPTY_INPUT' });
    expect(await errorOf(() => classifyTexts(model, tokenizer, [[99]]))).toMatchObject({ code: 'TSLM_BAD_INPUT' });
  });
});
