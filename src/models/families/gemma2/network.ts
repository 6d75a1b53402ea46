/** What config.json says of Gemma 2 and its successor (Gemma Team 2024), and the keys of their checkpoints. */
import { z } from 'zod';
import { activation, refuse } from '../../config/keys.ts';
import { layerTypesConfig } from '../../config/layer-types.ts';
import type { KeyRule } from '../../family.ts';
import { rotaryDecoderKeys } from '../shared/rotary-decoder.ts';

export const cap = z.number().positive().nullable();

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
