import { describe, expect, it } from 'vitest';
import { embedTexts, extractFeatures } from '../../src/tasks/embeddings.ts';
import { rerank } from '../../src/tasks/rerank.ts';
import { similarities } from '../../src/tasks/similarity.ts';
import { errorOf } from '../data/helpers.ts';
import { alone, sigmoid, softmax, tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();
const texts = ['the cat sat on the mat .', 'unhappy', 'ann met lee'];
const length = (vector: ArrayLike<number>): number => Math.hypot(...Array.from(vector));
const closeTo = (vector: ArrayLike<number>) => Array.from(vector, x => expect.closeTo(x, 4));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, x, i) => sum + x * b[i], 0);

describe('embeddings', () => {
  it.each([
    ['bert', 'BertModel', 'mean'],
    ['roberta', 'RobertaForMaskedLM', 'mean'],
    ['gpt2', 'GPT2LMHeadModel', 'last'],
    ['t5', 'T5ForConditionalGeneration', 'mean'],
    ['xlnet', 'XLNetLMHeadModel', 'mean'],
  ])('of %s (%s) are by default the %s of the tokens, scaled to length 1', (modelType, architecture, pooling) => {
    using model = tinyModel(modelType, architecture);
    const { vectors, tokens } = embedTexts(model, tokenizer, texts);
    const features = extractFeatures(model, tokenizer, texts);
    expect(tokens).toBe(features.reduce((sum, { length }) => sum + length, 0));
    for (const [i, rows] of features.entries()) {
      expect(rows).toHaveLength(tokenizer.encode(texts[i]).length);
      const pooled =
        pooling === 'last'
          ? Array.from(rows.at(-1)!)
          : Array.from(rows[0], (_, d) => rows.reduce((sum, row) => sum + row[d], 0) / rows.length);
      expect(Array.from(vectors[i])).toEqual(closeTo(pooled.map(x => x / length(pooled))));
    }
  });

  it('of a token are the hidden states of the model', () => {
    using model = tinyModel('bert', 'BertModel');
    const [features] = extractFeatures(model, tokenizer, [texts[0]]);
    const states = alone(model, tokenizer.encode(texts[0]).ids).lastHiddenState.toArray() as number[][][];
    expect(features.map(row => Array.from(row))).toEqual(states[0].map(closeTo));
  });

  it('are cut before they are scaled', async () => {
    using model = tinyModel('bert', 'BertModel');
    const whole = embedTexts(model, tokenizer, texts, { normalize: false }).vectors;
    const { vectors } = embedTexts(model, tokenizer, texts, { dimensions: 5 });
    for (const [i, vector] of vectors.entries()) {
      const cut = whole[i].slice(0, 5);
      expect(Array.from(vector)).toEqual(closeTo(cut.map(x => x / length(cut))));
    }
    for (const dimensions of [0, 25, 1.5]) {
      const error = await errorOf(() => embedTexts(model, tokenizer, texts, { dimensions }));
      expect(error).toMatchObject({ code: 'TSLM_DIMENSIONS' });
    }
  });

  it('of tokens are those of the text', () => {
    using model = tinyModel('bert', 'BertModel');
    const { vectors } = embedTexts(model, tokenizer, [texts[0], tokenizer.encode(texts[0]).ids]);
    expect(Array.from(vectors[1])).toEqual(closeTo(vectors[0]));
  });

  it('are of whole texts, or of their beginnings where that is asked for', async () => {
    using model = tinyModel('bert', 'BertModel');
    const [one, other] = ['ann', 'lee'].map(end => 'the cat sat on a mat '.repeat(20) + end);
    const message = 'input 2 has 123 tokens, and the model reads 40';
    for (const act of [embedTexts, extractFeatures]) {
      const error = await errorOf(() => act(model, tokenizer, ['the cat', one]));
      expect(error).toMatchObject({ code: 'TSLM_TOO_LONG', message });
    }
    expect(await errorOf(() => similarities(model, tokenizer, 'the cat', [one]))).toMatchObject({ message });
    const cut = embedTexts(model, tokenizer, [one, other], { truncate: true });
    expect(cut.tokens).toBe(80);
    expect(Array.from(cut.vectors[0])).toEqual(closeTo(cut.vectors[1]));
    expect(extractFeatures(model, tokenizer, [one], { truncate: true })[0]).toHaveLength(40);
  });

  it('are of texts', async () => {
    using model = tinyModel('bert', 'BertModel');
    for (const input of [5, null, undefined, {}]) {
      const error = await errorOf(() => embedTexts(model, tokenizer, ['the', input as unknown as string]));
      expect(error).toMatchObject({ code: 'TSLM_BAD_INPUT', message: expect.stringMatching(/^input 2 is of type/) });
    }
  });

  it('of images are not to be had', async () => {
    using model = tinyModel('vit', 'ViTModel');
    expect(await errorOf(() => embedTexts(model, tokenizer, texts))).toMatchObject({ code: 'TSLM_READS_IMAGES' });
  });
});

describe('similarity', () => {
  it('is the cosine', () => {
    using model = tinyModel('bert', 'BertModel');
    const { scores } = similarities(model, tokenizer, texts[0], texts);
    const [first, ...others] = embedTexts(model, tokenizer, texts).vectors;
    expect(scores).toEqual(closeTo([1, ...others.map(other => dot(first, other))]));
  });
});

describe('reranking', () => {
  const [query, ...documents] = texts;
  const logitsOf = (model: ReturnType<typeof tinyModel>, document: string): number[] => {
    const { ids, typeIds } = tokenizer.encode(query, { pair: document });
    return alone(model, ids, typeIds).logits!.toNumbers();
  };

  it('asks a cross-encoder about each pair', () => {
    using one = tinyModel('bert', 'BertForSequenceClassification', { num_labels: 1 });
    const single = documents.map(document => sigmoid(logitsOf(one, document)[0]));
    expect(rerank(one, tokenizer, query, documents).scores).toEqual(closeTo(single));
    using two = tinyModel('bert', 'BertForSequenceClassification', { num_labels: 2 });
    const second = documents.map(document => softmax(logitsOf(two, document))[1]);
    expect(rerank(two, tokenizer, query, documents).scores).toEqual(closeTo(second));
  });

  it('compares vectors where the model is none', () => {
    using model = tinyModel('gpt2', 'GPT2LMHeadModel');
    const { scores } = rerank(model, tokenizer, query, documents);
    expect(scores).toEqual(similarities(model, tokenizer, query, documents).scores);
  });
});
