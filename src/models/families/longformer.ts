/** Longformer (Beltagy, Peters & Cohan 2020): RoBERTa with attention to a window and to global tokens. */
import { z } from 'zod';
import { labelCount, refuse } from '../config/keys.ts';
import { defineFamily } from '../family.ts';
import { GlobalChoiceHead, GlobalFirstClassificationHead, GlobalQuestionSpanHead } from '../heads/global-attention.ts';
import { TokenClassificationHead } from '../heads/token-classification.ts';
import { bertConfig, bertConfigFor, bertEncoder } from './bert.ts';
import { robertaCheckpoint, robertaKeys, robertaMaskedLM } from './roberta.ts';

const PAD = 1;

/** Positions around a token, half of them on each side. */
const window = z
  .int()
  .positive()
  .refine(positions => positions % 2 === 0, 'must be even: half of it is on each side');

const { classifier_dropout: _, ...shared } = bertConfig;

const config = z.object({
  ...shared,
  pad_token_id: z.int().min(0).default(PAD),
  sep_token_id: z.int().min(0).default(2),
  attention_window: z.union([window, z.array(window)]).default(512),
  // Of the authors' own code.
  autoregressive: refuse(false),
  attention_dilation: z.array(z.literal(1)).optional(),
});

type Config = z.output<typeof config>;

/** Positions on each side, of each layer. */
function windowsOf({ attention_window: windows, num_hidden_layers: layers }: Config): number[] {
  const each = typeof windows === 'number' ? Array.from({ length: layers }, () => windows) : windows;
  if (each.length !== layers) {
    throw new RangeError(`attention_window has ${each.length} entries for num_hidden_layers ${layers}`);
  }
  return each.map(positions => positions / 2);
}

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
