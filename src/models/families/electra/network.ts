/**
 * What config.json says of ELECTRA, and its encoder: BERT's, over word vectors that may be narrower (Clark et al.
 * 2020).
 */
import { z } from 'zod';
import type { Embedding } from '../../../nn/index.ts';
import { activation, size } from '../../config/keys.ts';
import { Encoder } from '../../encoder.ts';
import { MaskedLMHead } from '../../heads/masked-lm.ts';
import { bertConfig, bertStack } from '../bert/network.ts';

export const config = z.object({
  ...bertConfig,
  embedding_size: size(128),
  hidden_size: size(256),
  num_attention_heads: size(4),
  intermediate_size: size(1024),
  hidden_act: activation('gelu'),
});
export type ElectraConfig = z.output<typeof config>;

/** @param words a table shared with another encoder */
export function electraEncoder(c: ElectraConfig, words?: Embedding): Encoder {
  const { embedding_size: dim, hidden_size: hidden } = c;
  const embeddings = { dim, hidden: dim === hidden ? undefined : hidden };
  return new Encoder(bertStack(c, { embeddings }), words);
}

/** The generator's head: words are told by vectors as wide as the embedding's. */
export const electraMaskedLM = (c: ElectraConfig, words: Embedding): MaskedLMHead =>
  new MaskedLMHead({
    hidden: c.hidden_size,
    dim: c.embedding_size,
    vocabSize: c.vocab_size,
    activation: 'gelu',
    norm: { kind: 'layer', eps: c.layer_norm_eps },
    tied: (c.tie_word_embeddings ?? true) ? words : undefined,
  });
