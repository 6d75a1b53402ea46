/**
 * What config.json says of ModernBERT, and the encoder that it describes (Warner et al. 2024): norms before each part,
 * rotary positions, gated feed-forward networks, hardly a bias, and one layer that sees everything to two with a window.
 */
import { z } from 'zod';
import { activation, commonConfig, layerCount, probability, refuse, size } from '../../config/keys.ts';
import { layerTypes, layerTypesConfig } from '../../config/layer-types.ts';
import { rotaryFrom } from '../../config/rope.ts';
import { type RopeParameters, ropeParameters } from '../../config/rope-parameters.ts';
import { Encoder } from '../../encoder.ts';

const theta = z.number().positive();
const rope = ropeParameters().nullish();

export const config = z.object({
  ...commonConfig,
  vocab_size: size(50368),
  hidden_size: size(768),
  intermediate_size: size(1152),
  num_hidden_layers: layerCount(22),
  num_attention_heads: size(12),
  max_position_embeddings: size(8192),
  hidden_activation: activation('gelu'),
  pad_token_id: z.int().min(0).nullable().default(50283),
  initializer_range: z.number().positive().default(0.02),
  /** Initial weights are cut at this many standard deviations from 0. */
  initializer_cutoff_factor: z.number().positive().nullable().default(2),
  norm_eps: z.number().positive().default(1e-5),
  norm_bias: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  decoder_bias: z.boolean().default(true),
  classifier_bias: z.boolean().default(false),
  embedding_dropout: probability(0),
  attention_dropout: probability(0),
  mlp_dropout: probability(0),
  classifier_dropout: probability(0),
  classifier_activation: activation('gelu'),
  classifier_pooling: z.enum(['cls', 'mean']).default('cls'),
  /** Positions around a token that layers with a window see, half of them on each side. */
  local_attention: size(128),
  layer_types: layerTypesConfig(null).layer_types,
  /** Where `layer_types` is not given: every nth layer, the first included, has full attention. */
  global_attn_every_n_layers: z.int().positive().default(3),
  rope_parameters: z.strictObject({ full_attention: rope, sliding_attention: rope }).nullish(),
  rope_scaling: rope,
  global_rope_theta: theta.default(160_000),
  /** null: as in the other layers. */
  local_rope_theta: theta.nullable().default(10_000),
  sparse_pred_ignore_index: refuse(-100),
});
export type Config = z.output<typeof config>;

export const norm = (c: Config) => ({ kind: 'layer', eps: c.norm_eps, bias: c.norm_bias }) as const;

/** The rotation of each type of layer; `rope_scaling` is for both. */
function rotations(c: Config) {
  const of = (own: RopeParameters | null | undefined, theta: number) => {
    const given = c.rope_scaling ? { ...own, ...c.rope_scaling } : (own ?? undefined);
    return rotaryFrom(given, {
      headDim: c.hidden_size / c.num_attention_heads,
      theta,
      maxPositions: c.max_position_embeddings,
    });
  };
  return {
    full_attention: of(c.rope_parameters?.full_attention, c.global_rope_theta),
    sliding_attention: of(c.rope_parameters?.sliding_attention, c.local_rope_theta ?? c.global_rope_theta),
  };
}

export function modernBertEncoder(c: Config): Encoder {
  const { hidden_size: hidden, num_attention_heads: heads } = c;
  if (hidden % heads !== 0) {
    throw new RangeError(`hidden_size (${hidden}) must be a multiple of num_attention_heads (${heads})`);
  }
  const window = Math.floor(c.local_attention / 2) + 1; // its own position, and half of the others on each side
  const layers = layerTypes({ ...c, sliding_window: window }, index => index % c.global_attn_every_n_layers !== 0);
  const rotary = rotations(c);
  return new Encoder({
    embeddings: {
      vocabSize: c.vocab_size,
      dim: hidden,
      norm: norm(c),
      dropout: c.embedding_dropout,
      paddingIdx: c.pad_token_id ?? undefined,
    },
    layers: layers.map(({ type, window }, index) => ({
      hidden,
      attention: {
        hidden,
        heads,
        layout: 'fused',
        bias: c.attention_bias,
        rotary: rotary[type],
        window,
        dropout: c.attention_dropout,
      },
      feedForward: {
        hidden,
        intermediate: c.intermediate_size,
        activation: c.hidden_activation,
        gate: 'fused',
        bias: c.mlp_bias,
        dropout: c.mlp_dropout,
      },
      norm: norm(c),
      attentionNorm: index > 0,
      dropout: { attention: c.attention_dropout, feedForward: 0 },
    })),
    finalNorm: norm(c),
    maxPositions: c.max_position_embeddings,
  });
}
