import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadCompleteModel } from '../../src/models/auto.ts';
import { fillMasks } from '../../src/tasks/fill-mask.ts';
import { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { errorOf } from '../data/helpers.ts';
import { describeShared } from '../helpers/shared.ts';
import { alone, softmax, tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();

describe('fill mask', () => {
  it.each(['BertForMaskedLM', 'BertForPreTraining'])('gives the words that fit best: %s', architecture => {
    using model = tinyModel('bert', architecture);
    const text = 'the [MASK] sat';
    const { masks, tokens } = fillMasks(model, tokenizer, text, { topK: 3 });
    const { ids } = tokenizer.encode(text);
    const output = alone(model, ids);
    const logits = (output.logits ?? output.predictionLogits!).toArray() as number[][][];
    const probabilities = softmax(logits[0][2]);
    const best = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 3);
    expect(masks).toHaveLength(1);
    expect(masks[0].map(({ id }) => id)).toEqual(best);
    expect(tokens).toBe(5);
    for (const { id, token, score, sequence } of masks[0]) {
      expect(token).toBe(tokenizer.decode([id]));
      expect(score).toBeCloseTo(probabilities[id], 5);
      expect(sequence).toBe(tokenizer.decode(ids.with(2, id), { skipSpecialTokens: true }));
    }
  });

  it('leaves other masks where they are', () => {
    using model = tinyModel('bert', 'BertForMaskedLM');
    const { masks } = fillMasks(model, tokenizer, '[MASK] dog sat on [MASK]', { topK: 2 });
    expect(masks.map(mask => mask.length)).toEqual([2, 2]);
    expect(masks[0][0].sequence).toBe(`[CLS] ${masks[0][0].token} dog sat on [MASK] [SEP]`);
  });

  it('refuses a text without a mask, and models and tokenizers that know none', async () => {
    using model = tinyModel('bert', 'BertForMaskedLM');
    const error = await errorOf(() => fillMasks(model, tokenizer, 'the cat'));
    expect(error).toMatchObject({ code: 'TSLM_NO_MASK', hint: 'write [MASK] where a word is wanted' });
    const bare = wordTokenizer({ mask_token: null });
    expect(await errorOf(() => fillMasks(model, bare, 'the'))).toMatchObject({ code: 'TSLM_NO_MASK' });
    using decoder = tinyModel('gpt2', 'GPT2LMHeadModel');
    expect(await errorOf(() => fillMasks(decoder, tokenizer, '[MASK]'))).toMatchObject({ code: 'TSLM_TASK' });
  });
});

describeShared('fixtures/hf/bert/text', 'what Transformers recorded', recorded => {
  const { fill_mask: entries } = JSON.parse(readFileSync(`${recorded}/golden.json`, 'utf8')) as {
    fill_mask: { text: string; slots: { top5: { id: number; score: number }[] }[] }[];
  };

  it('is found again', () => {
    using model = loadCompleteModel(recorded);
    const own = Tokenizer.fromFile(recorded);
    expect(entries.length).toBeGreaterThan(2);
    for (const { text, slots } of entries) {
      const { masks } = fillMasks(model, own, text);
      expect(masks.map(mask => mask.map(({ id }) => id))).toEqual(slots.map(slot => slot.top5.map(({ id }) => id)));
      const scores = masks.flatMap(mask => mask.map(({ score }) => score));
      const expected = slots.flatMap(slot => slot.top5.map(({ score }) => score));
      for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(expected[i], 4);
    }
  });
});
