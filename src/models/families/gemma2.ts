/** Gemma 2 (Riviere et al. 2024): norms before and after each part, capped scores and logits, windows in every other layer. */
import { z } from 'zod';
import { activation, refuse } from '../config/keys.ts';
import { layerTypes, layerTypesConfig } from '../config/layer-types.ts';
import { rotaryOf } from '../config/rope.ts';
import { defineFamily, type KeyRule } from '../family.ts';
import { decoderHeads } from '../heads/decoder-heads.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint, rotaryDecoderKeys } from '../networks/rotary-decoder.ts';
import { headDimOf, rotaryDecoderConfig, rotaryDecoderSizes } from '../networks/rotary-decoder-config.ts';

const cap = z.number().positive().nullable();

/** What Gemma 2 and 3 have in common. */
export const gemmaConfig = {
  ...layerTypesConfig(4096),
  pad_token_id: z.int().nullable().default(0),
  hidden_activation: activation('gelu_pytorch_tanh'),
  // Said twice by the first checkpoints.
  hidden_act: z.string().nullish(),
  sliding_window_size: z.int().nullish(),
  attention_bias: z.boolean().default(false),
  query_pre_attn_scalar: z.number().positive().default(256),
  final_logit_softcapping: cap.default(null),
  use_bidirectional_attention: refuse(false),
};

/** The widths of Gemma 2 2B, and of Gemma 3's text model where config.json does not say. */
export const gemmaWidths = {
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
};

interface SaidTwice {
  hidden_act?: string | null;
  hidden_activation: string;
  sliding_window_size?: number | null;
  sliding_window: number | null;
}

/** Throws a `RangeError` where two keys for the same say different things. */
export function requireAgreement(c: SaidTwice): void {
  for (const [one, other] of [
    ['hidden_act', 'hidden_activation'],
    ['sliding_window_size', 'sliding_window'],
  ] as const) {
    if (c[one] != null && c[one] !== c[other]) throw new RangeError(`${one} (${c[one]}) is not ${other} (${c[other]})`);
  }
}

export const gemmaKeys: readonly KeyRule[] = [
  ['backbone.stack.layers.*.attentionPostNorm.', 'model.layers.*.post_attention_layernorm.'],
  ['backbone.stack.layers.*.feedForwardNorm.', 'model.layers.*.pre_feedforward_layernorm.'],
  ['backbone.stack.layers.*.feedForwardPostNorm.', 'model.layers.*.post_feedforward_layernorm.'],
  ...rotaryDecoderKeys,
];

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
