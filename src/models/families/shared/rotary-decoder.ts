/**
 * What Llama and its descendants share (Touvron et al. 2023): RMS norms before each part, rotary positions, keys and
 * values for groups of heads, a gated feed-forward network. Families say in what they differ.
 */
import type { AttentionOptions, FeedForwardOptions, NormOptions, Rotary } from '../../../nn/index.ts';
import { Decoder } from '../../decoder.ts';
import type { EmbeddingsOptions } from '../../embeddings.ts';
import type { KeyRule } from '../../family.ts';
import type { LayerOptions } from '../../layer.ts';
import { headDimOf, type RotaryDecoderWidths } from './rotary-decoder-config.ts';

interface Config extends RotaryDecoderWidths {
  vocab_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  max_position_embeddings: number;
  rms_norm_eps: number;
  attention_dropout: number;
  pad_token_id?: number | null;
}

/** What a family's layer has of its own. */
interface Variation extends Partial<Pick<LayerOptions, 'normPlacement' | 'dropout'>> {
  attention: Partial<AttentionOptions> & { rotary: Rotary };
  feedForward: Partial<FeedForwardOptions>;
}

interface Options {
  /** Default RMS. */
  norm?: NormOptions['kind'];
  embeddings?: Partial<EmbeddingsOptions>;
  layer: (index: number) => Variation;
}

/** The decoder of a config.json, with what the family's layers have of their own. */
export function rotaryDecoder(c: Config, { norm: kind = 'rms', embeddings, layer }: Options): Decoder {
  const { hidden_size: hidden, num_attention_heads: heads, pad_token_id: padding } = c;
  const norm = { kind, eps: c.rms_norm_eps };
  const layerOptions = ({ attention, feedForward, ...own }: Variation): LayerOptions => ({
    hidden,
    attention: {
      hidden,
      heads,
      kvHeads: c.num_key_value_heads ?? heads,
      headDim: headDimOf(c),
      bias: false,
      layout: 'separate',
      dropout: c.attention_dropout,
      ...attention,
    },
    feedForward: { hidden, intermediate: c.intermediate_size, bias: false, gate: 'separate', ...feedForward },
    norm,
    dropout: 0,
    ...own,
  });
  return new Decoder({
    embeddings: {
      vocabSize: c.vocab_size,
      dim: hidden,
      dropout: 0,
      // As Transformers has it, the padding's vector does not learn from being looked up.
      paddingIdx: padding != null && padding >= 0 && padding < c.vocab_size ? padding : undefined,
      ...embeddings,
    },
    layers: Array.from({ length: c.num_hidden_layers }, (_, index) => layerOptions(layer(index))),
    finalNorm: norm,
    maxPositions: c.max_position_embeddings,
  });
}

/** Checkpoint keys of Llama and of the families that keep its layout. */
export const rotaryDecoderKeys: readonly KeyRule[] = [
  ['backbone.embeddings.word.', 'model.embed_tokens.'],
  ['backbone.stack.layers.*.attentionNorm.', 'model.layers.*.input_layernorm.'],
  ['backbone.stack.layers.*.attention.query.', 'model.layers.*.self_attn.q_proj.'],
  ['backbone.stack.layers.*.attention.key.', 'model.layers.*.self_attn.k_proj.'],
  ['backbone.stack.layers.*.attention.value.', 'model.layers.*.self_attn.v_proj.'],
  ['backbone.stack.layers.*.attention.output.', 'model.layers.*.self_attn.o_proj.'],
  ['backbone.stack.layers.*.attention.queryNorm.', 'model.layers.*.self_attn.q_norm.'],
  ['backbone.stack.layers.*.attention.keyNorm.', 'model.layers.*.self_attn.k_norm.'],
  ['backbone.stack.layers.*.feedForwardNorm.', 'model.layers.*.post_attention_layernorm.'],
  ['backbone.stack.layers.*.feedForward.gate.', 'model.layers.*.mlp.gate_proj.'],
  ['backbone.stack.layers.*.feedForward.input.', 'model.layers.*.mlp.up_proj.'],
  ['backbone.stack.layers.*.feedForward.output.', 'model.layers.*.mlp.down_proj.'],
  ['backbone.stack.norm.', 'model.norm.'],
  ['head.projection.', 'lm_head.'],
  ['head.score.', 'score.'],
  ['head.classifier.', 'score.'],
  ['head.span.', 'qa_outputs.'],
];

/** What else the families with these keys have in common. */
export const rotaryDecoderCheckpoint = {
  keys: rotaryDecoderKeys,
  prefix: 'model.',
  // A buffer that old checkpoints carry along.
  ignoredKeys: /rotary_emb\.inv_freq$/,
};

/** Classes for question answering call the bare model otherwise. */
export const transformerPrefix = {
  otherPrefixes: { questionAnswering: 'transformer.' },
  olderKeys: [[/^model\./, 'transformer.']],
} as const;
