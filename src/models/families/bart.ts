/** BART (Lewis et al. 2020): `config.json` to options, checkpoint keys to module paths. */
import { z } from 'zod';
import { commonConfig, labelCount, probability, refuse, size } from '../config/keys.ts';
import type { EncoderDecoder } from '../encoder-decoder.ts';
import { defineFamily } from '../family.ts';
import { LastEosClassificationHead } from '../heads/last-eos-classification.ts';
import { SpanHead } from '../heads/span.ts';
import {
  classicBookkeeping,
  classicConfig,
  classicKeys,
  classicLMHead,
  classicSizes,
  classicTransformer,
  holdsBothTables,
  initializeClassic,
} from './shared/classic-transformer.ts';

const config = z.object({
  ...classicConfig,
  vocab_size: size(50265),
  bos_token_id: z.int().nullish().default(0),
  pad_token_id: z.int().default(1),
  eos_token_id: commonConfig.eos_token_id.default(2),
  decoder_start_token_id: z.int().default(2),
  num_labels: z.int().positive().nullish().default(3),
  classifier_dropout: probability(0),
  normalize_embedding: refuse(true),
  static_position_embeddings: refuse(false),
  extra_pos_embeddings: refuse(2),
});

export const bart = defineFamily({
  modelType: 'bart',
  architectures: {
    BartForConditionalGeneration: 'seq2seqLM',
    BartModel: 'backbone',
    BartForSequenceClassification: 'sequenceClassification',
    BartForQuestionAnswering: 'questionAnswering',
  },
  config,
  bookkeeping: classicBookkeeping,
  configFor: classicSizes,
  backbone: (c, task, { checkpoint }) =>
    classicTransformer(c, {
      vocabSizes: {
        encoder: c.vocab_size,
        decoder: c.vocab_size,
        shared: c.tie_word_embeddings || !holdsBothTables(checkpoint),
      },
      positions: { kind: 'learned', offset: 2 },
      normEmbedding: true,
      // Texts to be classified are read by the decoder once more.
      shifts: task === 'seq2seqLM' ? ['labels', 'inputIds'] : ['inputIds'],
    }),
  heads: {
    seq2seqLM: classicLMHead,
    sequenceClassification: (c, { hidden }: EncoderDecoder) =>
      new LastEosClassificationHead({
        hidden,
        labels: labelCount(c),
        problemType: c.problem_type,
        dropout: c.classifier_dropout,
        eosTokenId: [c.eos_token_id].flat()[0]!,
      }),
    questionAnswering: (_, { hidden }: EncoderDecoder) => new SpanHead(hidden),
  },
  initialize: initializeClassic,
  keys: [
    ...classicKeys,
    ['head.dense.', 'classification_head.dense.'],
    ['head.classifier.', 'classification_head.out_proj.'],
    ['head.span.', 'qa_outputs.'],
  ],
  prefix: 'model.',
  optionalKeys: /^final_logits_bias$/,
  // The shared table under the names of both its users.
  ignoredKeys: /^(model\.)?(encoder|decoder)\.embed_tokens\.weight$/,
});
