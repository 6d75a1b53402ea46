/** Qwen 3 (Yang et al. 2025): Qwen 2 with normed queries and keys in place of biases. */
import { z } from 'zod';
import { rotaryOf } from '../config/rope.ts';
import { defineFamily } from '../family.ts';
import { decoderHeadsWith } from '../heads/decoder-heads.ts';
import { qwenConfig, qwenWindows } from './qwen2.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint, transformerPrefix } from './shared/rotary-decoder.ts';
import { headDimOf, rotaryDecoderSizes } from './shared/rotary-decoder-config.ts';

export const qwen3 = defineFamily({
  modelType: 'qwen3',
  architectures: {
    Qwen3ForCausalLM: 'causalLM',
    Qwen3Model: 'backbone',
    Qwen3ForSequenceClassification: 'sequenceClassification',
    Qwen3ForTokenClassification: 'tokenClassification',
    Qwen3ForQuestionAnswering: 'questionAnswering',
  },
  config: z.object({
    ...qwenConfig,
    head_dim: z.int().positive().nullable().default(128),
    attention_bias: z.boolean().default(false),
  }),
  configFor: rotaryDecoderSizes,
  backbone(c) {
    const rotary = rotaryOf(c, headDimOf(c));
    const windows = qwenWindows(c);
    return rotaryDecoder(c, {
      layer: index => ({
        attention: {
          rotary,
          window: windows[index],
          bias: c.attention_bias,
          qkNorm: { kind: 'rms', eps: c.rms_norm_eps },
        },
        feedForward: { activation: c.hidden_act },
      }),
    });
  },
  heads: decoderHeadsWith({ tied: false }),
  ...rotaryDecoderCheckpoint,
  ...transformerPrefix,
});
