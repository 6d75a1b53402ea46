/** ELECTRA (Clark et al. 2020): its config.json, its heads and its checkpoint keys. */
import type { Encoder } from '../../encoder.ts';
import { defineFamily } from '../../family.ts';
import { ReplacedTokensHead } from '../../heads/replaced-tokens.ts';
import { SequenceClassificationHead } from '../../heads/sequence-classification.ts';
import { SpanHead } from '../../heads/span.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import { bertConfigFor, bertEncoderKeys, classifierOptions, olderNormKeys } from '../bert/network.ts';
import { config, electraEncoder, electraMaskedLM } from './network.ts';

export const electra = defineFamily({
  modelType: 'electra',
  architectures: {
    ElectraForPreTraining: 'replacedTokens',
    ElectraForMaskedLM: 'maskedLM',
    ElectraModel: 'backbone',
    ElectraForSequenceClassification: 'sequenceClassification',
    ElectraForTokenClassification: 'tokenClassification',
    ElectraForQuestionAnswering: 'questionAnswering',
  },
  config,
  // Of a head that is not offered.
  bookkeeping: ['summary_last_dropout'],
  configFor: (sizes, dropout) => ({
    ...bertConfigFor(sizes, dropout),
    embedding_size: Math.min(128, sizes.hidden),
  }),
  backbone: c => electraEncoder(c),
  heads: {
    replacedTokens: c => new ReplacedTokensHead(c.hidden_size, c.hidden_act),
    maskedLM: (c, { embeddings }: Encoder) => electraMaskedLM(c, embeddings.word),
    sequenceClassification: c =>
      new SequenceClassificationHead({
        ...classifierOptions(c),
        from: 'first',
        dense: { activation: 'gelu', dropoutBefore: true },
      }),
    tokenClassification: c => new TokenClassificationHead(classifierOptions(c)),
    questionAnswering: c => new SpanHead(c.hidden_size),
  },
  keys: (_, task) => [
    ...bertEncoderKeys('electra.'),
    ['backbone.embeddings.projection.', 'electra.embeddings_project.'],
    ['head.transform.', 'generator_predictions.dense.'],
    ['head.norm.', 'generator_predictions.LayerNorm.'],
    ['head.decoder.', 'generator_lm_head.'],
    ['head.bias', 'generator_lm_head.bias'],
    ...(task === 'replacedTokens'
      ? ([
          ['head.dense.', 'discriminator_predictions.dense.'],
          ['head.classifier.', 'discriminator_predictions.dense_prediction.'],
        ] as const)
      : ([
          ['head.dense.', 'classifier.dense.'],
          ['head.classifier.', task === 'sequenceClassification' ? 'classifier.out_proj.' : 'classifier.'],
        ] as const)),
    ['head.span.', 'qa_outputs.'],
  ],
  prefix: 'electra.',
  olderKeys: olderNormKeys,
  ignoredKeys: /embeddings\.(position|token_type)_ids$/,
});
