/** ALBERT (Lan et al. 2020): its config.json, its heads and its checkpoint keys. */
import type { Encoder } from '../../encoder.ts';
import { defineFamily } from '../../family.ts';
import { MultipleChoiceHead } from '../../heads/multiple-choice.ts';
import { PretrainingHead } from '../../heads/sentence-pair.ts';
import { SequenceClassificationHead } from '../../heads/sequence-classification.ts';
import { SpanHead } from '../../heads/span.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import { bertConfigFor, olderNormKeys } from '../bert/network.ts';
import { albertEncoder, classifierOptions, config, keys, maskedLM, poolerTasks } from './network.ts';

export const albert = defineFamily({
  modelType: 'albert',
  architectures: {
    AlbertForMaskedLM: 'maskedLM',
    AlbertForPreTraining: 'pretraining',
    AlbertModel: 'backbone',
    AlbertForSequenceClassification: 'sequenceClassification',
    AlbertForTokenClassification: 'tokenClassification',
    AlbertForQuestionAnswering: 'questionAnswering',
    AlbertForMultipleChoice: 'multipleChoice',
  },
  config,
  configFor: (sizes, dropout) => ({
    ...bertConfigFor(sizes, dropout),
    embedding_size: Math.min(128, sizes.hidden),
    classifier_dropout_prob: dropout,
  }),
  backbone: (c, task) => albertEncoder(c, { pooler: poolerTasks.includes(task) }),
  heads: {
    maskedLM,
    pretraining: (c, encoder: Encoder) =>
      new PretrainingHead({ ...classifierOptions(c), predictions: maskedLM(c, encoder), pair: 'sentenceOrder' }),
    sequenceClassification: c => new SequenceClassificationHead({ ...classifierOptions(c), from: 'pooler' }),
    tokenClassification: c => new TokenClassificationHead(classifierOptions(c)),
    questionAnswering: c => new SpanHead(c.hidden_size),
    multipleChoice: c => new MultipleChoiceHead({ ...classifierOptions(c), from: 'pooler' }),
  },
  keys,
  prefix: 'albert.',
  olderKeys: [
    ...olderNormKeys,
    [/^predictions\.bias$/, 'predictions.decoder.bias'],
    [/^predictions\.decoder\.bias$/, 'predictions.bias'],
  ],
  savedTwice: [[/^predictions\.decoder\.bias$/, 'predictions.bias']],
  ignoredKeys: /embeddings\.(position|token_type)_ids$|^predictions\.bias$/,
});
