/** What config.json says of a decoder with rotary positions: Llama's keys, which its descendants keep. */
import { z } from 'zod';
import { commonConfig, layerCount, probability, size } from '../../config/keys.ts';
import { ropeConfig } from '../../config/rope-parameters.ts';
import type { ModelSizes } from '../../family.ts';

interface Defaults {
  vocab_size: number;
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  /** Default null: as many as there are heads. */
  num_key_value_heads?: number;
  /** Default null: hidden_size / num_attention_heads. */
  head_dim?: number;
  max_position_embeddings: number;
}

const count = (byDefault: number | null) => z.int().positive().nullable().default(byDefault);

/** Keys of config.json with a family's defaults. */
export const rotaryDecoderConfig = (defaults: Defaults) => ({
  ...commonConfig,
  ...ropeConfig,
  is_decoder: z.boolean().optional(), // it always is
  vocab_size: size(defaults.vocab_size),
  hidden_size: size(defaults.hidden_size),
  intermediate_size: size(defaults.intermediate_size),
  num_hidden_layers: layerCount(defaults.num_hidden_layers),
  num_attention_heads: size(defaults.num_attention_heads),
  num_key_value_heads: count(defaults.num_key_value_heads ?? null),
  head_dim: count(defaults.head_dim ?? null),
  max_position_embeddings: size(defaults.max_position_embeddings),
  initializer_range: z.number().positive().default(0.02),
  rms_norm_eps: z.number().positive().default(1e-6),
  attention_dropout: probability(0),
  classifier_dropout: z.number().min(0).max(1).nullish(),
});

/** The config.json of a new model. */
export const rotaryDecoderSizes = (
  { layers, hidden, heads, context, vocabSize }: ModelSizes,
  dropout: number,
): Record<string, unknown> => ({
  num_hidden_layers: layers,
  hidden_size: hidden,
  // As many weights as an ungated network of 4·hidden has (Shazeer 2020), in multiples of 32.
  intermediate_size: 32 * Math.ceil((8 * hidden) / 3 / 32),
  num_attention_heads: heads,
  num_key_value_heads: heads,
  head_dim: hidden / heads,
  max_position_embeddings: context,
  vocab_size: vocabSize,
  attention_dropout: dropout,
});

export interface RotaryDecoderWidths {
  hidden_size: number;
  num_attention_heads: number;
  num_key_value_heads: number | null;
  head_dim: number | null;
}

/** Width of a head. Throws a `RangeError` where heads do not share out hidden_size, or their keys and values. */
export function headDimOf(c: RotaryDecoderWidths): number {
  const { hidden_size: hidden, num_attention_heads: heads, num_key_value_heads: kvHeads, head_dim: headDim } = c;
  if (headDim === null && hidden % heads !== 0) {
    throw new RangeError(
      `hidden_size (${hidden}) must be a multiple of num_attention_heads (${heads}), or give head_dim`,
    );
  }
  if (heads % (kvHeads ?? heads) !== 0) {
    throw new RangeError(`num_attention_heads (${heads}) must be a multiple of num_key_value_heads (${kvHeads})`);
  }
  return headDim ?? hidden / heads;
}
