/** Qwen 1.5 to 2.5 (Yang et al. 2024): Llama with biases on queries, keys and values, and windows in the upper layers. */
import { z } from 'zod';
import { activation, refuse } from '../config/keys.ts';
import { layerTypes, layerTypesConfig } from '../config/layer-types.ts';
import { rotaryOf } from '../config/rope.ts';
import { defineFamily } from '../family.ts';
import { decoderHeadsWith } from '../heads/decoder-heads.ts';
import { rotaryDecoder, rotaryDecoderCheckpoint, transformerPrefix } from './shared/rotary-decoder.ts';
import { headDimOf, rotaryDecoderConfig, rotaryDecoderSizes } from './shared/rotary-decoder-config.ts';

/** What Qwen 2 and 3 say of sliding windows. */
export const qwenConfig = {
  ...rotaryDecoderConfig({
    vocab_size: 151936,
    hidden_size: 4096,
    intermediate_size: 22016,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 32,
    max_position_embeddings: 32768,
  }),
  ...layerTypesConfig(4096),
  hidden_act: activation('silu'),
  use_sliding_window: z.boolean().default(false),
  max_window_layers: z.int().nonnegative().default(28),
};
const config = z.object({ ...qwenConfig, use_mrope: refuse(false) });

/** The window of each layer: those from `max_window_layers` on have one, where windows are used at all. */
export function qwenWindows(c: Omit<z.output<typeof config>, 'head_dim'>): (number | undefined)[] {
  const window = c.use_sliding_window ? c.sliding_window : null;
  const isSliding = (index: number): boolean => window !== null && index >= c.max_window_layers;
  return layerTypes({ ...c, sliding_window: window }, isSliding).map(layer => layer.window);
}

export const qwen2 = defineFamily({
  modelType: 'qwen2',
  architectures: {
    Qwen2ForCausalLM: 'causalLM',
    Qwen2Model: 'backbone',
    Qwen2ForSequenceClassification: 'sequenceClassification',
    Qwen2ForTokenClassification: 'tokenClassification',
    Qwen2ForQuestionAnswering: 'questionAnswering',
  },
  config,
  configFor: rotaryDecoderSizes,
  backbone(c) {
    const rotary = rotaryOf(c, headDimOf(c));
    const windows = qwenWindows(c);
    const bias = { query: true, key: true, value: true, output: false };
    return rotaryDecoder(c, {
      layer: index => ({
        attention: { rotary, window: windows[index], bias },
        feedForward: { activation: c.hidden_act },
      }),
    });
  },
  heads: decoderHeadsWith({ tied: false }),
  ...rotaryDecoderCheckpoint,
  ...transformerPrefix,
});
