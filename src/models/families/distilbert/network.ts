/** What config.json says of DistilBERT, and the encoder that it describes (Sanh et al. 2019). */
import { z } from 'zod';
import { activation, commonConfig, labelCount, layerCount, probability, size } from '../../config/keys.ts';
import { Encoder } from '../../encoder.ts';

export const config = z.object({
  ...commonConfig,
  vocab_size: size(30522),
  max_position_embeddings: size(512),
  sinusoidal_pos_embds: z.boolean().default(false),
  n_layers: layerCount(6),
  n_heads: size(12),
  dim: size(768),
  hidden_dim: size(3072),
  dropout: probability(0.1),
  attention_dropout: probability(0.1),
  activation: activation('gelu'),
  initializer_range: z.number().positive().default(0.02),
  qa_dropout: probability(0.1),
  seq_classif_dropout: probability(0.2),
  pad_token_id: z.int().min(0).nullable().default(0),
});
type DistilBertConfig = z.output<typeof config>;

export const norm = { kind: 'layer', eps: 1e-12 } as const;

export function distilBertEncoder(c: DistilBertConfig): Encoder {
  return new Encoder({
    embeddings: {
      vocabSize: c.vocab_size,
      dim: c.dim,
      positions: { kind: 'learned', count: c.max_position_embeddings },
      norm,
      dropout: c.dropout,
      paddingIdx: c.pad_token_id ?? undefined,
    },
    layers: Array.from({ length: c.n_layers }, () => ({
      hidden: c.dim,
      attention: { hidden: c.dim, heads: c.n_heads, layout: 'separate' as const, dropout: c.attention_dropout },
      feedForward: { hidden: c.dim, intermediate: c.hidden_dim, activation: c.activation },
      norm,
      normPlacement: 'post' as const,
      dropout: { attention: 0, feedForward: c.dropout },
    })),
    maxPositions: c.max_position_embeddings,
  });
}

/** A layer of the head's own stands where BERT has the pooler. */
export const classifierOptions = (c: DistilBertConfig) => ({
  hidden: c.dim,
  labels: labelCount(c),
  problemType: c.problem_type,
  dropout: c.seq_classif_dropout,
  from: 'first' as const,
  dense: { activation: 'relu' as const },
});
