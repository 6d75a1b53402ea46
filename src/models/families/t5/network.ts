/** T5's config.json (Raffel et al. 2020) and the network it describes: norms that only scale, before each part; positions as biases for distances. */
import { z } from 'zod';
import { type Activation, activations, Embedding } from '../../../nn/index.ts';
import { commonConfig, layerCount, probability, size } from '../../config/keys.ts';
import { Decoder } from '../../decoder.ts';
import { Encoder } from '../../encoder.ts';
import { EncoderDecoder, type EncoderDecoderOptions } from '../../encoder-decoder.ts';
import type { LayerOptions } from '../../layer.ts';
import type { Task } from '../../model.ts';

const activationNames = Object.keys(activations) as [Activation];

/** @param byDefault where mT5 differs from T5 */
export const t5Schema = (byDefault: {
  vocabSize: number;
  intermediate: number;
  layers: number;
  heads: number;
  gated: boolean;
}) =>
  z.object({
    ...commonConfig,
    vocab_size: size(byDefault.vocabSize),
    d_model: size(512),
    d_kv: size(64),
    d_ff: size(byDefault.intermediate),
    num_layers: layerCount(byDefault.layers),
    num_decoder_layers: z.int().positive().max(10_000).nullish(),
    num_heads: size(byDefault.heads),
    relative_attention_num_buckets: size(32),
    relative_attention_max_distance: size(128),
    dropout_rate: probability(0.1),
    classifier_dropout: probability(0),
    layer_norm_epsilon: z.number().positive().default(1e-6),
    initializer_factor: z.number().positive().default(1),
    // The activation, after `gated-` where it opens a gate; and what follows from it.
    feed_forward_proj: z
      .enum(activationNames.flatMap(name => [name, `gated-${name}`]))
      .default(byDefault.gated ? 'gated-gelu' : 'relu'),
    dense_act_fn: z.enum(activationNames).optional(),
    is_gated_act: z.boolean().optional(),
    tie_word_embeddings: z.boolean().default(true),
    scale_decoder_outputs: z.boolean().optional(),
    // How long the texts were in training. Only distances count, so that longer ones can be read.
    n_positions: size(512),
    pad_token_id: z.int().default(0),
    eos_token_id: commonConfig.eos_token_id.default(1),
    decoder_start_token_id: z.int().nullish(),
  });

export type T5Schema = ReturnType<typeof t5Schema>;
export type T5Config = z.output<T5Schema>;

export const isGated = (c: Pick<T5Config, 'feed_forward_proj' | 'is_gated_act'>): boolean =>
  c.is_gated_act ?? c.feed_forward_proj.startsWith('gated-');

/** What was published as `gated-gelu` used the approximation. */
const activationOf = ({ dense_act_fn: named, feed_forward_proj: projection }: T5Config): Activation =>
  named ?? (projection === 'gated-gelu' ? 'gelu_new' : (projection.replace('gated-', '') as Activation));

/** Encoder and decoder, or the encoder alone, which is all that some classes have. */
export function t5Backbone(c: T5Config, task: Task): Encoder | EncoderDecoder {
  const hidden = c.d_model;
  const norm = { kind: 'rms', eps: c.layer_norm_epsilon } as const;
  const attention = {
    hidden,
    heads: c.num_heads,
    headDim: c.d_kv,
    bias: false,
    layout: 'separate',
    scale: 1,
    dropout: c.dropout_rate,
  } as const;
  const layer = (isDecoder: boolean): LayerOptions => ({
    hidden,
    attention,
    crossAttention: isDecoder ? attention : undefined,
    feedForward: {
      hidden,
      intermediate: c.d_ff,
      activation: activationOf(c),
      bias: false,
      gate: isGated(c) ? 'separate' : undefined,
      dropout: c.dropout_rate,
    },
    norm,
    dropout: c.dropout_rate,
  });
  const options = (layers: number, isDecoder: boolean) => ({
    embeddings: { vocabSize: c.vocab_size, dim: hidden, dropout: c.dropout_rate },
    layers: Array.from({ length: layers }, () => layer(isDecoder)),
    finalNorm: norm,
    finalDropout: c.dropout_rate,
    relativeBias: {
      heads: c.num_heads,
      buckets: c.relative_attention_num_buckets,
      maxDistance: c.relative_attention_max_distance,
      bidirectional: !isDecoder,
    },
    maxPositions: c.n_positions,
  });
  const isEncoder = /EncoderModel$/.test(c.architectures?.[0] ?? '');
  if (task === 'tokenClassification' || (task === 'backbone' && isEncoder)) {
    return new Encoder(options(c.num_layers, false));
  }
  const shared = new Embedding(c.vocab_size, hidden);
  const encoder = new Encoder(options(c.num_layers, false), shared);
  const decoder = new Decoder(options(c.num_decoder_layers ?? c.num_layers, true), shared);
  const shifts: Partial<Record<Task, EncoderDecoderOptions['shifts']>> = { seq2seqLM: ['labels'], backbone: [] };
  return new EncoderDecoder(
    { shared, encoder, decoder },
    {
      decoderStartTokenId: c.decoder_start_token_id ?? c.pad_token_id,
      padTokenId: c.pad_token_id,
      shifts: shifts[task] ?? ['inputIds'],
    },
  );
}
