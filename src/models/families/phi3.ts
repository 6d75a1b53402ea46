/** Phi-3 and Phi-4-mini (Abdin et al. 2024): Llama with fused projections, and LongRoPE for long contexts. */
import { z } from 'zod';
import { activation, probability, refuse, size } from '../config/keys.ts';
import { rotaryOf } from '../config/rope.ts';
import { ropeParameters } from '../config/rope-parameters.ts';
import { defineFamily } from '../family.ts';
import { decoderHeadsWith } from '../heads/decoder-heads.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint, rotaryDecoderKeys } from './shared/rotary-decoder.ts';
import { headDimOf, rotaryDecoderConfig, rotaryDecoderSizes } from './shared/rotary-decoder-config.ts';

// Its first checkpoints call LongRoPE by other names.
const rope = ropeParameters({
  only: ['default', 'longrope'],
  aliases: { su: 'longrope', yarn: 'longrope' },
  partial: true,
}).nullish();

export const phi3 = defineFamily({
  modelType: 'phi3',
  architectures: {
    Phi3ForCausalLM: 'causalLM',
    Phi3Model: 'backbone',
    Phi3ForSequenceClassification: 'sequenceClassification',
    Phi3ForTokenClassification: 'tokenClassification',
  },
  config: z.object({
    ...rotaryDecoderConfig({
      vocab_size: 32064,
      hidden_size: 3072,
      intermediate_size: 8192,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      max_position_embeddings: 4096,
    }),
    rope_scaling: rope,
    rope_parameters: rope,
    partial_rotary_factor: z.number().positive().max(1).default(1),
    original_max_position_embeddings: size(4096),
    rms_norm_eps: z.number().positive().default(1e-5),
    pad_token_id: z.int().nullable().default(32000),
    hidden_act: activation('silu'),
    resid_pdrop: probability(0),
    embd_pdrop: probability(0),
    sliding_window: z.int().positive().nullish(),
    attention_bias: refuse(false),
    mlp_bias: refuse(false),
    lm_head_bias: refuse(false),
    full_attn_mod: refuse(1),
    interpolate_factor: refuse(1),
  }),
  configFor: (sizes, dropout) => ({
    ...rotaryDecoderSizes(sizes, dropout),
    original_max_position_embeddings: sizes.context,
    resid_pdrop: dropout,
    embd_pdrop: dropout,
    pad_token_id: null,
  }),
  backbone(c) {
    const originalPositions = c.original_max_position_embeddings;
    const rotary = rotaryOf(c, headDimOf(c), { partial: c.partial_rotary_factor, originalPositions });
    if (rotary.dynamic) rotary.switchesAt = originalPositions;
    return rotaryDecoder(c, {
      embeddings: { dropout: c.embd_pdrop },
      layer: () => ({
        attention: { rotary, window: c.sliding_window ?? undefined, layout: 'fused' },
        feedForward: { activation: c.hidden_act, gate: 'fused' },
        dropout: c.resid_pdrop,
      }),
    });
  },
  heads: decoderHeadsWith({ tied: false }),
  ...rotaryDecoderCheckpoint,
  keys: [
    ['backbone.stack.layers.*.attention.qkv.', 'model.layers.*.self_attn.qkv_proj.'],
    ['backbone.stack.layers.*.feedForward.input.', 'model.layers.*.mlp.gate_up_proj.'],
    ...rotaryDecoderKeys,
  ],
});
