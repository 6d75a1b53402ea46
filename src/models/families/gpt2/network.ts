/** What config.json says of GPT-2, and the decoder that it describes (Radford et al. 2019). */
import { z } from 'zod';
import type { AttentionOptions } from '../../../nn/index.ts';
import { activation, commonConfig, layerCount, probability, size } from '../../config/keys.ts';
import { Decoder } from '../../decoder.ts';
import type { LayerOptions } from '../../layer.ts';

export const config = z.object({
  ...commonConfig,
  vocab_size: size(50257),
  n_positions: size(1024),
  n_embd: size(768),
  n_layer: layerCount(12),
  n_head: size(12),
  n_inner: z.int().positive().nullish(),
  activation_function: activation('gelu_new'),
  resid_pdrop: probability(0.1),
  embd_pdrop: probability(0.1),
  attn_pdrop: probability(0.1),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  initializer_range: z.number().positive().default(0.02),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  reorder_and_upcast_attn: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  is_decoder: z.boolean().optional(), // it always is
  classifier_dropout: z.number().min(0).max(1).nullish(),
});

export function gpt2Decoder(c: z.output<typeof config>): Decoder {
  if (c.n_embd % c.n_head !== 0)
    throw new RangeError(`n_embd (${c.n_embd}) must be a multiple of n_head (${c.n_head})`);
  const norm = { kind: 'layer', eps: c.layer_norm_epsilon } as const;
  const attention = (index: number): AttentionOptions => ({
    hidden: c.n_embd,
    heads: c.n_head,
    scale:
      (c.scale_attn_weights ? 1 / Math.sqrt(c.n_embd / c.n_head) : 1) /
      (c.scale_attn_by_inverse_layer_idx ? index + 1 : 1),
    upcast: c.reorder_and_upcast_attn,
    dropout: c.attn_pdrop,
  });
  const layer = (index: number): LayerOptions => ({
    hidden: c.n_embd,
    attention: attention(index),
    crossAttention: c.add_cross_attention ? { ...attention(index), layout: 'keyValue' } : undefined,
    feedForward: {
      hidden: c.n_embd,
      intermediate: c.n_inner ?? 4 * c.n_embd,
      activation: c.activation_function,
    },
    norm,
    dropout: c.resid_pdrop,
  });
  return new Decoder({
    embeddings: {
      vocabSize: c.vocab_size,
      dim: c.n_embd,
      positions: { kind: 'learned', count: c.n_positions },
      typesAreWords: true,
      dropout: c.embd_pdrop,
    },
    layers: Array.from({ length: c.n_layer }, (_, index) => layer(index)),
    finalNorm: norm,
    maxPositions: c.n_positions,
  });
}
