/** Llama 1 to 3 (Touvron et al. 2023; Dubey et al. 2024). */
import { z } from 'zod';
import { activation, refuse } from '../config/keys.ts';
import { rotaryOf } from '../config/rope.ts';
import { defineFamily } from '../family.ts';
import { decoderHeadsWith } from '../heads/decoder-heads.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint, transformerPrefix } from './shared/rotary-decoder.ts';
import { headDimOf, rotaryDecoderConfig, rotaryDecoderSizes } from './shared/rotary-decoder-config.ts';

export const llama = defineFamily({
  modelType: 'llama',
  architectures: {
    LlamaForCausalLM: 'causalLM',
    LlamaModel: 'backbone',
    LlamaForSequenceClassification: 'sequenceClassification',
    LlamaForTokenClassification: 'tokenClassification',
    LlamaForQuestionAnswering: 'questionAnswering',
  },
  config: z.object({
    ...rotaryDecoderConfig({
      vocab_size: 32000,
      hidden_size: 4096,
      intermediate_size: 11008,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      max_position_embeddings: 2048,
    }),
    hidden_act: activation('silu'),
    attention_bias: z.boolean().default(false),
    mlp_bias: z.boolean().default(false),
    rope_interleaved: refuse(false),
  }),
  bookkeeping: ['max_sequence_length', 'is_llama_config'],
  configFor: rotaryDecoderSizes,
  backbone(c) {
    const rotary = rotaryOf(c, headDimOf(c));
    return rotaryDecoder(c, {
      layer: () => ({
        attention: { rotary, bias: c.attention_bias },
        feedForward: { activation: c.hidden_act, bias: c.mlp_bias },
      }),
    });
  },
  heads: decoderHeadsWith({ tied: false }),
  ...rotaryDecoderCheckpoint,
  ...transformerPrefix,
});
