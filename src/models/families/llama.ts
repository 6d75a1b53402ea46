/** Llama 1 to 3 (Touvron et al. 2023; Dubey et al. 2024), and the pieces that its descendants share. */
import { z } from 'zod';
import { activation, commonConfig, layerCount, probability, refuse, size } from '../config-keys.ts';
import { Decoder } from '../decoder.ts';
import { defineFamily, type KeyRule } from '../family.ts';
import { decoderHeadsWith } from '../heads/decoder-heads.ts';
import { ropeConfig, rotaryOf } from '../rope-config.ts';

const config = z.object({
  ...commonConfig,
  ...ropeConfig,
  vocab_size: size(32000),
  hidden_size: size(4096),
  intermediate_size: size(11008),
  num_hidden_layers: layerCount(32),
  num_attention_heads: size(32),
  num_key_value_heads: z.int().positive().nullish(),
  head_dim: z.int().positive().nullish(),
  hidden_act: activation('silu'),
  max_position_embeddings: size(2048),
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  pretraining_tp: refuse(1),
  attention_bias: z.boolean().default(false),
  attention_dropout: probability(0),
  mlp_bias: z.boolean().default(false),
});

/** Checkpoint keys of Llama and of the families that keep its layout. */
export const llamaKeys: readonly KeyRule[] = [
  ['backbone.embeddings.word.', 'model.embed_tokens.'],
  ['backbone.stack.layers.*.attentionNorm.', 'model.layers.*.input_layernorm.'],
  ['backbone.stack.layers.*.attention.query.', 'model.layers.*.self_attn.q_proj.'],
  ['backbone.stack.layers.*.attention.key.', 'model.layers.*.self_attn.k_proj.'],
  ['backbone.stack.layers.*.attention.value.', 'model.layers.*.self_attn.v_proj.'],
  ['backbone.stack.layers.*.attention.output.', 'model.layers.*.self_attn.o_proj.'],
  ['backbone.stack.layers.*.feedForwardNorm.', 'model.layers.*.post_attention_layernorm.'],
  ['backbone.stack.layers.*.feedForward.gate.', 'model.layers.*.mlp.gate_proj.'],
  ['backbone.stack.layers.*.feedForward.input.', 'model.layers.*.mlp.up_proj.'],
  ['backbone.stack.layers.*.feedForward.output.', 'model.layers.*.mlp.down_proj.'],
  ['backbone.stack.norm.', 'model.norm.'],
  ['head.projection.', 'lm_head.'],
  ['head.score.', 'score.'],
  ['head.classifier.', 'score.'],
  ['head.span.', 'qa_outputs.'],
];

export const llama = defineFamily({
  modelType: 'llama',
  architectures: {
    LlamaForCausalLM: 'causalLM',
    LlamaModel: 'backbone',
    LlamaForSequenceClassification: 'sequenceClassification',
    LlamaForTokenClassification: 'tokenClassification',
  },
  config,
  configFor: ({ layers, hidden, heads, context, vocabSize }, dropout) => ({
    num_hidden_layers: layers,
    hidden_size: hidden,
    intermediate_size: 4 * hidden,
    num_attention_heads: heads,
    max_position_embeddings: context,
    vocab_size: vocabSize,
    attention_dropout: dropout,
  }),
  backbone(c) {
    const { hidden_size: hidden, num_attention_heads: heads } = c;
    const headDim = c.head_dim ?? hidden / heads;
    const norm = { kind: 'rms', eps: c.rms_norm_eps } as const;
    const rotary = rotaryOf(c, headDim);
    const layer = {
      hidden,
      attention: {
        hidden,
        heads,
        kvHeads: c.num_key_value_heads ?? heads,
        headDim,
        bias: c.attention_bias,
        layout: 'separate',
        rotary,
        dropout: c.attention_dropout,
      },
      feedForward: {
        hidden,
        intermediate: c.intermediate_size,
        activation: c.hidden_act,
        bias: c.mlp_bias,
        gate: 'separate',
      },
      norm,
      dropout: 0,
    } as const;
    return new Decoder({
      embeddings: { vocabSize: c.vocab_size, dim: hidden, dropout: 0 },
      // A copy each: the same object would share the weights.
      layers: Array.from({ length: c.num_hidden_layers }, () => ({ ...layer })),
      finalNorm: norm,
      maxPositions: c.max_position_embeddings,
    });
  },
  heads: decoderHeadsWith({ tied: false }),
  keys: llamaKeys,
  prefix: 'model.',
  ignoredKeys: /rotary_emb\.inv_freq$/,
});
