/** Longformer (Beltagy et al. 2020): its config.json, its heads and its checkpoint keys. */
import { labelCount } from '../../config/keys.ts';
import { defineFamily } from '../../family.ts';
import {
  GlobalChoiceHead,
  GlobalFirstClassificationHead,
  GlobalQuestionSpanHead,
} from '../../heads/global-attention.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import { bertConfigFor, bertEncoder } from '../bert/network.ts';
import { robertaCheckpoint, robertaKeys, robertaMaskedLM } from '../roberta.ts';
import { config, PAD, windowsOf } from './network.ts';

export const longformer = defineFamily({
  modelType: 'longformer',
  architectures: {
    LongformerForMaskedLM: 'maskedLM',
    LongformerModel: 'backbone',
    LongformerForSequenceClassification: 'sequenceClassification',
    LongformerForTokenClassification: 'tokenClassification',
    LongformerForQuestionAnswering: 'questionAnswering',
    LongformerForMultipleChoice: 'multipleChoice',
  },
  config,
  bookkeeping: ['onnx_export', 'attention_mode', 'ignore_attention_mask', 'classifier_dropout'],
  // Positions start after the padding token's id.
  configFor: (sizes, dropout) => ({
    ...bertConfigFor({ ...sizes, context: sizes.context + PAD + 1 }, dropout),
    type_vocab_size: 1,
    pad_token_id: PAD,
  }),
  backbone(c, task) {
    const windows = windowsOf(c);
    return bertEncoder(c, {
      pooler: task === 'backbone' || task === 'multipleChoice',
      positionsAfterPadding: c.pad_token_id,
      attention: layer => ({ kind: { name: 'slidingWindow', window: windows[layer] } }),
    });
  },
  heads: {
    maskedLM: robertaMaskedLM,
    sequenceClassification: c =>
      new GlobalFirstClassificationHead({
        hidden: c.hidden_size,
        labels: labelCount(c),
        problemType: c.problem_type,
        dropout: c.hidden_dropout_prob,
        from: 'first',
        dense: { activation: 'tanh', dropoutBefore: true },
      }),
    tokenClassification: c =>
      new TokenClassificationHead({ hidden: c.hidden_size, labels: labelCount(c), dropout: c.hidden_dropout_prob }),
    questionAnswering: c => new GlobalQuestionSpanHead(c.hidden_size, { separator: c.sep_token_id }),
    multipleChoice: c =>
      new GlobalChoiceHead({
        hidden: c.hidden_size,
        dropout: c.hidden_dropout_prob,
        from: 'pooler',
        separator: c.sep_token_id,
      }),
  },
  keys: (_, task) => [
    ['backbone.stack.layers.*.attention.globalQuery.', 'longformer.encoder.layer.*.attention.self.query_global.'],
    ['backbone.stack.layers.*.attention.globalKey.', 'longformer.encoder.layer.*.attention.self.key_global.'],
    ['backbone.stack.layers.*.attention.globalValue.', 'longformer.encoder.layer.*.attention.self.value_global.'],
    ...robertaKeys('longformer.', task),
  ],
  prefix: 'longformer.',
  ...robertaCheckpoint,
});
