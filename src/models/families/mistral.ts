/** Mistral 7B (Jiang et al. 2023): Llama with a sliding window in every layer. */
import { z } from 'zod';
import { activation } from '../config/keys.ts';
import { rotaryOf } from '../config/rope.ts';
import { defineFamily } from '../family.ts';
import { decoderHeadsWith } from '../heads/decoder-heads.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint } from './shared/rotary-decoder.ts';
import { headDimOf, rotaryDecoderConfig, rotaryDecoderSizes } from './shared/rotary-decoder-config.ts';

export const mistral = defineFamily({
  modelType: 'mistral',
  architectures: {
    MistralForCausalLM: 'causalLM',
    MistralModel: 'backbone',
    MistralForSequenceClassification: 'sequenceClassification',
    MistralForTokenClassification: 'tokenClassification',
    MistralForQuestionAnswering: 'questionAnswering',
  },
  config: z.object({
    ...rotaryDecoderConfig({
      vocab_size: 32000,
      hidden_size: 4096,
      intermediate_size: 14336,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      max_position_embeddings: 131072,
    }),
    hidden_act: activation('silu'),
    sliding_window: z.int().positive().nullable().default(4096),
  }),
  configFor: (sizes, dropout) => ({ ...rotaryDecoderSizes(sizes, dropout), sliding_window: null }),
  backbone(c) {
    const rotary = rotaryOf(c, headDimOf(c));
    const window = c.sliding_window ?? undefined;
    return rotaryDecoder(c, {
      layer: () => ({ attention: { rotary, window }, feedForward: { activation: c.hidden_act } }),
    });
  },
  heads: decoderHeadsWith({ tied: false }),
  ...rotaryDecoderCheckpoint,
});
