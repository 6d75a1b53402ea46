/** BigBird (Zaheer et al. 2020): its config.json, its heads and its checkpoint keys. */
import type { Encoder } from '../../encoder.ts';
import { defineFamily } from '../../family.ts';
import { ContextSpanHead } from '../../heads/context-span.ts';
import { MultipleChoiceHead } from '../../heads/multiple-choice.ts';
import { PretrainingHead } from '../../heads/sentence-pair.ts';
import { SequenceClassificationHead } from '../../heads/sequence-classification.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import {
  bertCheckpoint,
  bertConfigFor,
  bertEncoder,
  bertEncoderKeys,
  classifierOptions,
  maskedLM,
  pretrainingKeys,
} from '../bert/network.ts';
import { config, spanKeys } from './network.ts';

export const bigBird = defineFamily({
  modelType: 'big_bird',
  architectures: {
    BigBirdForMaskedLM: 'maskedLM',
    BigBirdForPreTraining: 'pretraining',
    BigBirdModel: 'backbone',
    BigBirdForSequenceClassification: 'sequenceClassification',
    BigBirdForTokenClassification: 'tokenClassification',
    BigBirdForQuestionAnswering: 'questionAnswering',
    BigBirdForMultipleChoice: 'multipleChoice',
  },
  config,
  configFor: bertConfigFor,
  backbone: (c, task) =>
    bertEncoder(c, {
      pooler: task !== 'questionAnswering',
      embeddings: {
        scale: c.rescale_embeddings ? Math.sqrt(c.hidden_size) : 1,
        scaleGiven: true,
        dropoutBeforeNorm: true,
      },
      attention: () => ({
        bias: { query: c.use_bias, key: c.use_bias, value: c.use_bias, output: true },
        kind:
          c.attention_type === 'original_full'
            ? undefined
            : {
                name: 'blockSparse',
                blockSize: c.block_size,
                randomBlocks: c.num_random_blocks,
                maxPositions: c.max_position_embeddings,
              },
      }),
    }),
  heads: {
    maskedLM,
    pretraining: (c, encoder: Encoder) =>
      new PretrainingHead({
        hidden: c.hidden_size,
        predictions: maskedLM(c, encoder),
        pair: 'nextSentence',
        wordsAlone: true,
      }),
    sequenceClassification: c =>
      new SequenceClassificationHead({
        ...classifierOptions(c),
        from: 'first',
        dense: { activation: c.hidden_act, dropoutBefore: true },
      }),
    tokenClassification: c => new TokenClassificationHead(classifierOptions(c)),
    questionAnswering: c =>
      new ContextSpanHead({
        feedForward: { hidden: c.hidden_size, intermediate: c.intermediate_size, activation: c.hidden_act },
        norm: { kind: 'layer', eps: c.layer_norm_eps },
        dropout: c.hidden_dropout_prob,
        separator: c.sep_token_id,
      }),
    multipleChoice: c =>
      new MultipleChoiceHead({ hidden: c.hidden_size, dropout: c.hidden_dropout_prob, from: 'pooler' }),
  },
  keys: (_, task) => [
    ['backbone.pooler.', 'bert.pooler.'],
    ...bertEncoderKeys('bert.'),
    ...(task === 'questionAnswering' ? spanKeys : pretrainingKeys),
    ['head.dense.', 'classifier.dense.'],
    ['head.classifier.', task === 'sequenceClassification' ? 'classifier.out_proj.' : 'classifier.'],
  ],
  ...bertCheckpoint,
});
