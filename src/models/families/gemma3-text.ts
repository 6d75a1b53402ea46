/**
 * Gemma 3, the text model (Kamath et al. 2025): Gemma 2 with normed queries and keys in place of capped scores, five
 * layers with a window to one without, and another rotation in those.
 */
import { z } from 'zod';
import { layerTypes } from '../config/layer-types.ts';
import { rotaryFrom } from '../config/rope.ts';
import { ropeParameters } from '../config/rope-parameters.ts';
import { defineFamily } from '../family.ts';
import { decoderHeads } from '../heads/decoder-heads.ts';
import { gemmaConfig, gemmaKeys, gemmaWidths, requireAgreement } from './gemma2/network.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint } from './shared/rotary-decoder.ts';
import { headDimOf, rotaryDecoderConfig, rotaryDecoderSizes } from './shared/rotary-decoder-config.ts';

const pattern = z.int().positive().optional();

export const gemma3Text = defineFamily({
  modelType: 'gemma3_text',
  architectures: {
    Gemma3ForCausalLM: 'causalLM',
    Gemma3TextModel: 'backbone',
    Gemma3TextForSequenceClassification: 'sequenceClassification',
  },
  config: z.object({
    ...rotaryDecoderConfig({ vocab_size: 262208, ...gemmaWidths, max_position_embeddings: 131072 }),
    ...gemmaConfig,
    // Not a part of this model, although the key is written.
    attn_logit_softcapping: z.null().optional(),
    /** Every nth layer has full attention. */
    sliding_window_pattern: pattern,
    _sliding_window_pattern: pattern,
    rope_parameters: z
      .strictObject({ full_attention: ropeParameters().nullish(), sliding_attention: ropeParameters().nullish() })
      .nullish(),
    rope_local_base_freq: z.number().positive().default(10_000),
  }),
  configFor: (sizes, dropout) => ({
    ...rotaryDecoderSizes(sizes, dropout),
    query_pre_attn_scalar: sizes.hidden / sizes.heads,
    sliding_window: Math.ceil(sizes.context / 4),
    pad_token_id: null,
  }),
  backbone(c) {
    requireAgreement(c);
    const headDim = headDimOf(c);
    const every = c.sliding_window_pattern ?? c._sliding_window_pattern ?? 6;
    const layers = layerTypes(c, index => (index + 1) % every !== 0);
    const context = { headDim, maxPositions: c.max_position_embeddings };
    const { full_attention: full, sliding_attention: sliding } = c.rope_parameters ?? {};
    // `rope_scaling` stretches the layers that see everything; the others never look far.
    const rotary = {
      full_attention: rotaryFrom(c.rope_scaling ?? full ?? undefined, { ...context, theta: c.rope_theta ?? 1_000_000 }),
      sliding_attention: rotaryFrom(sliding ?? undefined, { ...context, theta: c.rope_local_base_freq }),
    };
    return rotaryDecoder(c, {
      norm: 'gemma',
      embeddings: { scale: Math.sqrt(c.hidden_size), roundedScale: true },
      layer: index => ({
        attention: {
          rotary: rotary[layers[index].type],
          window: layers[index].window,
          bias: c.attention_bias,
          scale: 1 / Math.sqrt(c.query_pre_attn_scalar),
          qkNorm: { kind: 'gemma', eps: c.rms_norm_eps },
        },
        feedForward: { activation: c.hidden_activation },
        normPlacement: 'sandwich',
      }),
    });
  },
  heads: decoderHeads,
  ...rotaryDecoderCheckpoint,
  keys: gemmaKeys,
});
