/** BERT (Devlin et al. 2019): its config.json, its heads and its checkpoint keys. */
import type { Encoder } from '../../encoder.ts';
import { defineFamily } from '../../family.ts';
import { MultipleChoiceHead } from '../../heads/multiple-choice.ts';
import { NextSentenceHead, PretrainingHead } from '../../heads/sentence-pair.ts';
import { SequenceClassificationHead } from '../../heads/sequence-classification.ts';
import { SpanHead } from '../../heads/span.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import {
  bertCheckpoint,
  bertConfigFor,
  bertEncoder,
  bertEncoderKeys,
  classifierOptions,
  config,
  maskedLM,
  poolerTasks,
  pretrainingKeys,
} from './network.ts';

export const bert = defineFamily({
  modelType: 'bert',
  architectures: {
    BertForMaskedLM: 'maskedLM',
    BertForPreTraining: 'pretraining',
    BertModel: 'backbone',
    BertForSequenceClassification: 'sequenceClassification',
    BertForTokenClassification: 'tokenClassification',
    BertForQuestionAnswering: 'questionAnswering',
    BertForMultipleChoice: 'multipleChoice',
    BertForNextSentencePrediction: 'nextSentence',
  },
  config,
  configFor: bertConfigFor,
  backbone: (c, task) => bertEncoder(c, { pooler: poolerTasks.includes(task) }),
  heads: {
    maskedLM,
    pretraining: (c, encoder: Encoder) =>
      new PretrainingHead({ hidden: c.hidden_size, predictions: maskedLM(c, encoder), pair: 'nextSentence' }),
    sequenceClassification: c => new SequenceClassificationHead({ ...classifierOptions(c), from: 'pooler' }),
    tokenClassification: c => new TokenClassificationHead(classifierOptions(c)),
    questionAnswering: c => new SpanHead(c.hidden_size),
    multipleChoice: c => new MultipleChoiceHead({ ...classifierOptions(c), from: 'pooler' }),
    nextSentence: c => new NextSentenceHead(c.hidden_size),
  },
  keys: [
    ...bertEncoderKeys('bert.'),
    ...pretrainingKeys,
    ['head.classifier.', 'classifier.'],
    ['head.span.', 'qa_outputs.'],
  ],
  ...bertCheckpoint,
});
