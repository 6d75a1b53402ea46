/** GPT-2 (Radford et al. 2019): `config.json` to options, checkpoint keys to module paths. */
import { z } from 'zod';
import { type Activation, activations } from '../../nn/index.ts';
import type { DecoderOptions } from '../decoder.ts';
import { commonConfig, defineFamily, refuse } from '../family.ts';

const config = z.object({
  ...commonConfig,
  vocab_size: z.int().positive().default(50257),
  n_positions: z.int().positive().default(1024),
  n_embd: z.int().positive().default(768),
  n_layer: z.int().positive().default(12),
  n_head: z.int().positive().default(12),
  n_inner: z.int().positive().nullish(),
  activation_function: z.enum(Object.keys(activations) as [Activation]).default('gelu_new'),
  resid_pdrop: z.number().min(0).max(1).default(0.1),
  embd_pdrop: z.number().min(0).max(1).default(0.1),
  attn_pdrop: z.number().min(0).max(1).default(0.1),
  layer_norm_epsilon: z.number().positive().default(1e-5),
  initializer_range: z.number().positive().default(0.02),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  reorder_and_upcast_attn: z.boolean().default(false),
  add_cross_attention: refuse(false),
});

export const gpt2 = defineFamily({
  modelType: 'gpt2',
  architectures: { GPT2LMHeadModel: 'causalLM' },
  config,
  configFor: ({ layers, hidden, heads, context, vocabSize }, dropout) => ({
    n_layer: layers,
    n_embd: hidden,
    n_head: heads,
    n_positions: context,
    vocab_size: vocabSize,
    resid_pdrop: dropout,
    embd_pdrop: dropout,
    attn_pdrop: dropout,
  }),
  options: (c): DecoderOptions => ({
    vocabSize: c.vocab_size,
    hidden: c.n_embd,
    layers: c.n_layer,
    heads: c.n_head,
    intermediate: c.n_inner ?? 4 * c.n_embd,
    maxPositions: c.n_positions,
    activation: c.activation_function,
    normEps: c.layer_norm_epsilon,
    tieEmbeddings: c.tie_word_embeddings ?? true,
    attentionScale: layer =>
      (c.scale_attn_weights ? 1 / Math.sqrt(c.n_embd / c.n_head) : 1) /
      (c.scale_attn_by_inverse_layer_idx ? layer + 1 : 1),
    upcastAttention: c.reorder_and_upcast_attn,
    dropout: { embedding: c.embd_pdrop, attention: c.attn_pdrop, residual: c.resid_pdrop },
    initializerRange: c.initializer_range,
  }),
  // Projections are stored as [in, out] (Conv1D), the transpose of a Linear's weight.
  keys: [
    ['embedding.weight', 'transformer.wte.weight'],
    ['positions.weight', 'transformer.wpe.weight'],
    ['layers.*.attentionNorm.', 'transformer.h.*.ln_1.'],
    ['layers.*.attention.qkv.weight', 'transformer.h.*.attn.c_attn.weight', 'transpose'],
    ['layers.*.attention.qkv.bias', 'transformer.h.*.attn.c_attn.bias'],
    ['layers.*.attention.output.weight', 'transformer.h.*.attn.c_proj.weight', 'transpose'],
    ['layers.*.attention.output.bias', 'transformer.h.*.attn.c_proj.bias'],
    ['layers.*.feedForwardNorm.', 'transformer.h.*.ln_2.'],
    ['layers.*.feedForward.input.weight', 'transformer.h.*.mlp.c_fc.weight', 'transpose'],
    ['layers.*.feedForward.input.bias', 'transformer.h.*.mlp.c_fc.bias'],
    ['layers.*.feedForward.output.weight', 'transformer.h.*.mlp.c_proj.weight', 'transpose'],
    ['layers.*.feedForward.output.bias', 'transformer.h.*.mlp.c_proj.bias'],
    ['norm.', 'transformer.ln_f.'],
    ['head.weight', 'lm_head.weight'],
  ],
  prefix: 'transformer.',
  // Causal masks that old checkpoints carry along.
  ignoredKeys: /\.attn\.(bias|masked_bias)$/,
});
