/** Gemma 2 (Riviere et al. 2024): norms before and after each part, capped scores and logits, windows in every other layer. */
import { z } from 'zod';
import { layerTypes } from '../../config/layer-types.ts';
import { rotaryOf } from '../../config/rope.ts';
import { defineFamily } from '../../family.ts';
import { decoderHeads } from '../../heads/decoder-heads.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint } from '../shared/rotary-decoder.ts';
import { headDimOf, rotaryDecoderConfig, rotaryDecoderSizes } from '../shared/rotary-decoder-config.ts';
import { cap, gemmaConfig, gemmaKeys, gemmaWidths, requireAgreement } from './network.ts';

export const gemma2 = defineFamily({
  modelType: 'gemma2',
  architectures: {
    Gemma2ForCausalLM: 'causalLM',
    Gemma2Model: 'backbone',
    Gemma2ForSequenceClassification: 'sequenceClassification',
    Gemma2ForTokenClassification: 'tokenClassification',
  },
  config: z.object({
    ...rotaryDecoderConfig({ vocab_size: 256000, ...gemmaWidths, max_position_embeddings: 8192 }),
    ...gemmaConfig,
    attn_logit_softcapping: cap.default(50),
    final_logit_softcapping: cap.default(30),
  }),
  configFor: (sizes, dropout) => ({
    ...rotaryDecoderSizes(sizes, dropout),
    query_pre_attn_scalar: sizes.hidden / sizes.heads,
    sliding_window: Math.ceil(sizes.context / 2),
    pad_token_id: null,
  }),
  backbone(c) {
    requireAgreement(c);
    const rotary = rotaryOf(c, headDimOf(c));
    const layers = layerTypes(c, index => index % 2 === 0);
    return rotaryDecoder(c, {
      norm: 'gemma',
      embeddings: { scale: Math.sqrt(c.hidden_size), roundedScale: true },
      layer: index => ({
        attention: {
          rotary,
          window: layers[index].window,
          bias: c.attention_bias,
          scale: 1 / Math.sqrt(c.query_pre_attn_scalar),
          softcap: c.attn_logit_softcapping ?? undefined,
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
