/** What config.json says of XLNet (Yang et al. 2019). */
import { z } from 'zod';
import { activation, commonConfig, layerCount, probability, refuse, size } from '../../config/keys.ts';

export const config = z.object({
  ...commonConfig,
  vocab_size: size(32000),
  d_model: size(1024),
  n_layer: layerCount(24),
  n_head: size(16),
  d_head: z.int().positive().nullish(),
  d_inner: size(4096),
  ff_activation: activation('gelu'),
  attn_type: z.enum(['bi', 'uni']).default('bi'),
  initializer_range: z.number().positive().default(0.02),
  layer_norm_eps: z.number().positive().default(1e-12),
  dropout: probability(0.1),
  mem_len: z.int().nonnegative().nullish(),
  reuse_len: z.int().nonnegative().nullish(),
  use_mems_eval: z.boolean().default(true),
  use_mems_train: z.boolean().default(false),
  bi_data: refuse(false),
  clamp_len: z.int().default(-1),
  same_length: z.boolean().default(false),
  untie_r: refuse(true),
  summary_type: z.enum(['last', 'first', 'mean']).default('last'),
  summary_use_proj: z.boolean().default(true),
  summary_activation: z.enum(['tanh']).nullish(),
  summary_last_dropout: probability(0.1),
});

export type Config = z.output<typeof config>;

export const summary = (c: Config) => ({
  hidden: c.d_model,
  type: c.summary_type,
  projection: c.summary_use_proj,
  activation: c.summary_activation ?? undefined,
  dropout: c.summary_last_dropout,
});
