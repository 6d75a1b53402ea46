/**
 * Marian's translation models (Junczys-Dowmunt et al. 2018): the Transformer of Vaswani et al. 2017 with sinusoids for
 * positions, trained on OPUS (Tiedemann & Thottingal 2020).
 */
import { z } from 'zod';
import { commonConfig, refuse, size } from '../config/keys.ts';
import { defineFamily } from '../family.ts';
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
  vocab_size: size(58101),
  decoder_vocab_size: z.int().positive().nullish(),
  share_encoder_decoder_embeddings: z.boolean().default(true),
  pad_token_id: z.int().default(58100),
  eos_token_id: commonConfig.eos_token_id.default(0),
  decoder_start_token_id: z.int().default(58100),
  normalize_embedding: refuse(false),
  static_position_embeddings: refuse(true),
});

export const marian = defineFamily({
  modelType: 'marian',
  architectures: { MarianMTModel: 'seq2seqLM', MarianModel: 'backbone' },
  config,
  bookkeeping: [...classicBookkeeping, 'classifier_dropout', 'extra_pos_embeddings'],
  configFor: (sizes, dropout, eosTokenId) => ({
    ...classicSizes(sizes, dropout, eosTokenId),
    activation_function: 'swish',
    scale_embedding: true,
  }),
  backbone: (c, task, { checkpoint }) =>
    classicTransformer(c, {
      vocabSizes: {
        encoder: c.vocab_size,
        decoder: c.share_encoder_decoder_embeddings ? c.vocab_size : (c.decoder_vocab_size ?? c.vocab_size),
        shared: c.share_encoder_decoder_embeddings && (c.tie_word_embeddings || !holdsBothTables(checkpoint)),
      },
      positions: { kind: 'sinusoidal' },
      normEmbedding: false,
      scaleGiven: true,
      shifts: task === 'seq2seqLM' ? ['labels'] : [],
    }),
  heads: { seq2seqLM: classicLMHead },
  initialize: initializeClassic,
  keys: classicKeys,
  prefix: 'model.',
  optionalKeys: /^final_logits_bias$/,
  // Sinusoids that old checkpoints carry along, and the shared table under the names of both its users.
  ignoredKeys: /^(model\.)?(encoder|decoder)\.(embed_positions|embed_tokens)\.weight$/,
});
