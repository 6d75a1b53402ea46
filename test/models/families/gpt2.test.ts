import { expect, it } from 'vitest';
import { lastKeys, logitsOf, refusal, text } from './decoders.ts';
import { randomModel } from './helpers.ts';

const base = { model_type: 'gpt2', vocab_size: 20, n_embd: 12, n_layer: 2, n_head: 3, n_positions: 16 };

it('reads the names that other families have for its sizes', () => {
  const others = { hidden_size: 12, num_hidden_layers: 2, num_attention_heads: 3, max_position_embeddings: 16 };
  const [one, other] = [base, { model_type: 'gpt2', vocab_size: 20, ...others }].map(config => randomModel(config));
  expect(logitsOf(other, text).toNumbers()).toEqual(logitsOf(one, text).toNumbers());
  expect(other.maxPositions).toBe(16);
  one.dispose();
  other.dispose();
});

it('heads have their keys', () => {
  const last = (name: string, count: number) => lastKeys(base, `GPT2${name}`, count);
  expect(last('LMHeadModel', 1)).toEqual(['transformer.ln_f.bias']);
  expect(last('ForSequenceClassification', 1)).toEqual(['score.weight']);
  expect(last('ForTokenClassification', 2)).toEqual(['classifier.weight', 'classifier.bias']);
  expect(last('ForQuestionAnswering', 2)).toEqual(['qa_outputs.weight', 'qa_outputs.bias']);
  expect(last('Model', 1)).toEqual(['ln_f.bias']);
});

it('says what is wrong with its sizes and classes', () => {
  expect(refusal({ ...base, n_head: 5 })).toMatch(/n_embd \(12\) must be a multiple of n_head \(5\)/);
  expect(refusal({ ...base, architectures: ['GPT2DoubleHeadsModel'] })).toContain('GPT2DoubleHeadsModel');
});
