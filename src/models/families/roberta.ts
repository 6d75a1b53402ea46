/** RoBERTa (Liu et al. 2019), and the same network for many languages (Conneau et al. 2020) and French (Martin et al. 2020). */
import { z } from 'zod';
import { size } from '../config/keys.ts';
import type { Encoder } from '../encoder.ts';
import { defineFamily, type Family, type KeyRule } from '../family.ts';
import { MaskedLMHead } from '../heads/masked-lm.ts';
import { MultipleChoiceHead } from '../heads/multiple-choice.ts';
import { SequenceClassificationHead } from '../heads/sequence-classification.ts';
import { SpanHead } from '../heads/span.ts';
import { TokenClassificationHead } from '../heads/token-classification.ts';
import type { Task } from '../model.ts';
import {
  type BertConfig,
  bertConfig,
  bertConfigFor,
  bertEncoder,
  bertEncoderKeys,
  classifierOptions,
  olderNormKeys,
} from './bert/network.ts';

const PAD = 1;

export const robertaMaskedLM = (c: BertConfig, { embeddings }: Pick<Encoder, 'embeddings'>): MaskedLMHead =>
  new MaskedLMHead({
    hidden: c.hidden_size,
    vocabSize: c.vocab_size,
    activation: 'gelu',
    norm: { kind: 'layer', eps: c.layer_norm_eps },
    tied: (c.tie_word_embeddings ?? true) ? embeddings.word : undefined,
  });

/** Checkpoint keys of the encoder and of every head. */
export const robertaKeys = (prefix: string, task: Task): readonly KeyRule[] => [
  ...bertEncoderKeys(prefix),
  ['head.transform.', 'lm_head.dense.'],
  ['head.norm.', 'lm_head.layer_norm.'],
  ['head.decoder.', 'lm_head.decoder.'],
  ['head.bias', 'lm_head.bias'],
  ['head.dense.', 'classifier.dense.'],
  ['head.classifier.', task === 'sequenceClassification' ? 'classifier.out_proj.' : 'classifier.'],
  ['head.span.', 'qa_outputs.'],
];

/** What else the checkpoints with these keys have in common. */
export const robertaCheckpoint = {
  olderKeys: [
    ...olderNormKeys,
    [/^lm_head\.bias$/, 'lm_head.decoder.bias'],
    [/^lm_head\.decoder\.bias$/, 'lm_head.bias'],
  ],
  savedTwice: [[/^lm_head\.decoder\.bias$/, 'lm_head.bias']],
  ignoredKeys: /embeddings\.(position|token_type)_ids$|^lm_head\.bias$/,
} as const;

/** @param name of the classes in Hugging Face Transformers */
const robertaFamily = (modelType: string, name: string, vocabSize: number): Family =>
  defineFamily({
    modelType,
    architectures: {
      [`${name}ForMaskedLM`]: 'maskedLM',
      [`${name}Model`]: 'backbone',
      [`${name}ForSequenceClassification`]: 'sequenceClassification',
      [`${name}ForTokenClassification`]: 'tokenClassification',
      [`${name}ForQuestionAnswering`]: 'questionAnswering',
      [`${name}ForMultipleChoice`]: 'multipleChoice',
    },
    config: z.object({
      ...bertConfig,
      vocab_size: size(vocabSize),
      pad_token_id: z.int().min(0).default(PAD),
    }),
    // Positions start after the padding token's id.
    configFor: (sizes, dropout) => ({
      ...bertConfigFor({ ...sizes, context: sizes.context + PAD + 1 }, dropout),
      type_vocab_size: 1,
      pad_token_id: PAD,
    }),
    backbone: (c, task) =>
      bertEncoder(c, {
        pooler: task === 'backbone' || task === 'multipleChoice',
        positionsAfterPadding: c.pad_token_id,
      }),
    heads: {
      maskedLM: robertaMaskedLM,
      sequenceClassification: c =>
        new SequenceClassificationHead({
          ...classifierOptions(c),
          from: 'first',
          dense: { activation: 'tanh', dropoutBefore: true },
        }),
      tokenClassification: c => new TokenClassificationHead(classifierOptions(c)),
      questionAnswering: c => new SpanHead(c.hidden_size),
      multipleChoice: c =>
        new MultipleChoiceHead({ hidden: c.hidden_size, dropout: c.hidden_dropout_prob, from: 'pooler' }),
    },
    keys: (_, task) => robertaKeys('roberta.', task),
    prefix: 'roberta.',
    ...robertaCheckpoint,
  });

export const roberta = robertaFamily('roberta', 'Roberta', 50265);
export const xlmRoberta = robertaFamily('xlm-roberta', 'XLMRoberta', 30522);
export const camembert = robertaFamily('camembert', 'Camembert', 30522);
