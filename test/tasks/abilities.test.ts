import { describe, expect, it } from 'vitest';
import { abilitiesOf } from '../../src/tasks/abilities.ts';
import { tinyModel, wordTokenizer } from './helpers.ts';

const tokenizer = wordTokenizer();

describe('abilities', () => {
  it.each([
    ['gpt2', 'GPT2LMHeadModel', ['generate', 'embed', 'rerank', 'inspect']],
    ['bert', 'BertModel', ['embed', 'rerank', 'inspect']],
    ['bert', 'BertForMaskedLM', ['embed', 'rerank', 'fillMask', 'inspect']],
    ['bert', 'BertForPreTraining', ['embed', 'rerank', 'fillMask', 'inspect']],
    ['bert', 'BertForSequenceClassification', ['embed', 'classify', 'rerank', 'inspect']],
    ['bert', 'BertForQuestionAnswering', ['embed', 'rerank', 'answer', 'inspect']],
    ['t5', 'T5ForConditionalGeneration', ['generate', 'embed', 'rerank', 'translate', 'summarize', 'inspect']],
    ['vit', 'ViTForImageClassification', []],
    ['vision-encoder-decoder', 'VisionEncoderDecoderModel', []],
  ])('of %s as %s', (modelType, architecture, expected) => {
    using model = tinyModel(modelType, architecture);
    expect(abilitiesOf(model, tokenizer)).toEqual(expected);
  });

  it('depend on the tokenizer', () => {
    using decoder = tinyModel('gpt2', 'GPT2LMHeadModel');
    expect(abilitiesOf(decoder, wordTokenizer({ chat_template: '{{ messages[0].content }}' }))).toContain('chat');
    using masked = tinyModel('bert', 'BertForMaskedLM');
    expect(abilitiesOf(masked, wordTokenizer({ mask_token: null }))).not.toContain('fillMask');
  });
});
