/** GPT-2 (Radford et al. 2019): `config.json` to options, checkpoint keys to module paths. */
import { z } from 'zod';
import type { AttentionOptions } from '../../nn/index.ts';
import { initNormal } from '../../nn/init.ts';
import { activation, commonConfig, layerCount, probability, size } from '../config/keys.ts';
import { Decoder } from '../decoder.ts';
import { defineFamily } from '../family.ts';
import { decoderHeads } from '../heads/decoder-heads.ts';
import type { LayerOptions } from '../layer.ts';
import { initializeNormal } from '../model.ts';

const config = z.object({
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
      dropout: c.embd_pdrop,
    },
    layers: Array.from({ length: c.n_layer }, (_, index) => layer(index)),
    finalNorm: norm,
    maxPositions: c.n_positions,
  });
}

export const gpt2 = defineFamily({
  modelType: 'gpt2',
  architectures: {
    GPT2LMHeadModel: 'causalLM',
    GPT2Model: 'backbone',
    GPT2ForSequenceClassification: 'sequenceClassification',
    GPT2ForTokenClassification: 'tokenClassification',
    GPT2ForQuestionAnswering: 'questionAnswering',
  },
  config,
  aliases: {
    hidden_size: 'n_embd',
    max_position_embeddings: 'n_positions',
    num_attention_heads: 'n_head',
    num_hidden_layers: 'n_layer',
  },
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
  backbone: gpt2Decoder,
  heads: decoderHeads,
  // What writes to the residual stream starts narrower, by √(2·layers).
  initialize(model) {
    const std = Number(model.config.initializer_range ?? 0.02);
    initializeNormal(model, std);
    const { layers } = (model.backbone as Decoder).stack;
    for (const { attention, crossAttention, feedForward } of layers) {
      for (const { output } of [attention, crossAttention ?? [], feedForward].flat()) {
        initNormal(output.weight, std / Math.sqrt(2 * layers.length));
      }
    }
  },
  // Projections are stored as [in, out] (Conv1D), the transpose of a Linear's weight.
  keys: [
    ['backbone.embeddings.word.', 'transformer.wte.'],
    ['backbone.embeddings.positions.', 'transformer.wpe.'],
    ['backbone.stack.layers.*.attentionNorm.', 'transformer.h.*.ln_1.'],
    ['backbone.stack.layers.*.attention.qkv.', 'transformer.h.*.attn.c_attn.', 'transpose'],
    ['backbone.stack.layers.*.attention.output.', 'transformer.h.*.attn.c_proj.', 'transpose'],
    ['backbone.stack.layers.*.crossAttentionNorm.', 'transformer.h.*.ln_cross_attn.'],
    ['backbone.stack.layers.*.crossAttention.query.', 'transformer.h.*.crossattention.q_attn.', 'transpose'],
    ['backbone.stack.layers.*.crossAttention.keyValue.', 'transformer.h.*.crossattention.c_attn.', 'transpose'],
    ['backbone.stack.layers.*.crossAttention.output.', 'transformer.h.*.crossattention.c_proj.', 'transpose'],
    ['backbone.stack.layers.*.feedForwardNorm.', 'transformer.h.*.ln_2.'],
    ['backbone.stack.layers.*.feedForward.input.', 'transformer.h.*.mlp.c_fc.', 'transpose'],
    ['backbone.stack.layers.*.feedForward.output.', 'transformer.h.*.mlp.c_proj.', 'transpose'],
    ['backbone.stack.norm.', 'transformer.ln_f.'],
    ['head.projection.', 'lm_head.'],
    ['head.score.', 'score.'],
    ['head.classifier.', 'classifier.'],
    ['head.span.', 'qa_outputs.'],
  ],
  prefix: 'transformer.',
  // Causal masks that old checkpoints carry along.
  ignoredKeys: /\.(attn|crossattention)\.(bias|masked_bias)$/,
});
