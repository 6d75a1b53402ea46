/**
 * The Transformer as it was first described (Vaswani et al. 2017), norms after the residual sums, with what BART (Lewis
 * et al. 2020) and Marian (Junczys-Dowmunt et al. 2018) do otherwise: their families share it, their checkpoints too.
 */
import { z } from 'zod';
import { Embedding } from '../../../nn/index.ts';
import type { Checkpoint } from '../../checkpoint/files.ts';
import { activation, commonConfig, layerCount, probability, refuse, size } from '../../config/keys.ts';
import { Decoder } from '../../decoder.ts';
import { Encoder } from '../../encoder.ts';
import { EncoderDecoder, type EncoderDecoderOptions } from '../../encoder-decoder.ts';
import type { KeyRule, ModelSizes } from '../../family.ts';
import { LMHead } from '../../heads/lm.ts';
import type { LayerOptions } from '../../layer.ts';
import { initializeNormal, type Model } from '../../model.ts';

/** What the config.json of BART and of Marian have in common. */
export const classicConfig = {
  ...commonConfig,
  max_position_embeddings: size(1024),
  encoder_layers: layerCount(12),
  encoder_ffn_dim: size(4096),
  encoder_attention_heads: size(16),
  encoder_layerdrop: refuse(0),
  decoder_layers: layerCount(12),
  decoder_ffn_dim: size(4096),
  decoder_attention_heads: size(16),
  decoder_layerdrop: refuse(0),
  activation_function: activation('gelu'),
  d_model: size(1024),
  dropout: probability(0.1),
  attention_dropout: probability(0),
  activation_dropout: probability(0),
  init_std: z.number().positive().default(0.02),
  scale_embedding: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  // Other networks, in the first versions.
  normalize_before: refuse(false),
  add_final_layer_norm: refuse(false),
  do_blenderbot_90_layernorm: refuse(false),
  add_bias_logits: refuse(false),
};

/** Names that say the same twice, or were never read. */
export const classicBookkeeping = ['num_hidden_layers', 'classif_dropout'];

interface ClassicOptions {
  /** Rows of each table of word vectors; one table for both where they are not told apart. */
  vocabSizes: { encoder: number; decoder: number; shared: boolean };
  positions: { kind: 'learned' | 'sinusoidal'; offset?: number };
  /** A norm after the sum of word and position vectors. */
  normEmbedding: boolean;
  /** `scale_embedding` is on vectors that the decoder is given in place of ids, too. Default false. */
  scaleGiven?: boolean;
  shifts: EncoderDecoderOptions['shifts'];
}

type ClassicConfig = z.output<z.ZodObject<typeof classicConfig>> & {
  pad_token_id: number;
  decoder_start_token_id: number;
};

export function classicTransformer(
  c: ClassicConfig,
  { vocabSizes, positions, normEmbedding, scaleGiven, shifts }: ClassicOptions,
): EncoderDecoder {
  const hidden = c.d_model;
  const norm = { kind: 'layer', eps: 1e-5 } as const;
  const embeddings = (vocabSize: number) => ({
    vocabSize,
    dim: hidden,
    positions: { ...positions, count: c.max_position_embeddings },
    norm: normEmbedding ? norm : undefined,
    scale: c.scale_embedding ? Math.sqrt(hidden) : 1,
    dropout: c.dropout,
    paddingIdx: c.pad_token_id,
  });
  const attention = (heads: number) => ({ hidden, heads, layout: 'separate', dropout: c.attention_dropout }) as const;
  const layer = (heads: number, intermediate: number, isDecoder: boolean): LayerOptions => ({
    hidden,
    attention: attention(heads),
    crossAttention: isDecoder ? attention(heads) : undefined,
    feedForward: { hidden, intermediate, activation: c.activation_function, dropout: c.activation_dropout },
    norm,
    normPlacement: 'post',
    dropout: c.dropout,
  });
  const words = (rows: number): Embedding => new Embedding(rows, hidden, { paddingIdx: c.pad_token_id });
  const shared = vocabSizes.shared ? words(vocabSizes.encoder) : undefined;
  const maxPositions = c.max_position_embeddings;
  const encoder = new Encoder(
    {
      embeddings: embeddings(vocabSizes.encoder),
      layers: Array.from({ length: c.encoder_layers }, () =>
        layer(c.encoder_attention_heads, c.encoder_ffn_dim, false),
      ),
      maxPositions,
    },
    shared,
  );
  const decoder = new Decoder(
    {
      embeddings: { ...embeddings(vocabSizes.decoder), scaleGiven },
      layers: Array.from({ length: c.decoder_layers }, () => layer(c.decoder_attention_heads, c.decoder_ffn_dim, true)),
      maxPositions,
    },
    shared,
  );
  return new EncoderDecoder(
    { shared, encoder, decoder },
    { decoderStartTokenId: c.decoder_start_token_id, padTokenId: c.pad_token_id, shifts },
  );
}

/** The output layer of BART and Marian: the decoder's word vectors, and a bias that is stored and never trained. */
export const classicLMHead = (c: ClassicConfig, { hidden, decoder: { embeddings } }: EncoderDecoder): LMHead =>
  new LMHead({
    hidden,
    vocabSize: embeddings.word.weight.size(0),
    tied: c.tie_word_embeddings ? embeddings.word : undefined,
    fixedBias: true,
    shiftLabels: false,
  });

const layerKeys = (path: string, key: string): KeyRule[] => [
  ...(['query', 'key', 'value'] as const).flatMap((name): KeyRule[] => [
    [`${path}.attention.${name}.`, `${key}.self_attn.${name[0]}_proj.`],
    [`${path}.crossAttention.${name}.`, `${key}.encoder_attn.${name[0]}_proj.`],
  ]),
  [`${path}.attention.output.`, `${key}.self_attn.out_proj.`],
  [`${path}.attentionNorm.`, `${key}.self_attn_layer_norm.`],
  [`${path}.crossAttention.output.`, `${key}.encoder_attn.out_proj.`],
  [`${path}.crossAttentionNorm.`, `${key}.encoder_attn_layer_norm.`],
  [`${path}.feedForward.input.`, `${key}.fc1.`],
  [`${path}.feedForward.output.`, `${key}.fc2.`],
  [`${path}.feedForwardNorm.`, `${key}.final_layer_norm.`],
];

/** Checkpoint keys of BART and of Marian. */
export const classicKeys: readonly KeyRule[] = [
  ['backbone.shared.', 'model.shared.'],
  ...['encoder', 'decoder'].flatMap((side): KeyRule[] => [
    [`backbone.${side}.embeddings.word.`, `model.${side}.embed_tokens.`],
    [`backbone.${side}.embeddings.positions.`, `model.${side}.embed_positions.`],
    [`backbone.${side}.embeddings.norm.`, `model.${side}.layernorm_embedding.`],
    ...layerKeys(`backbone.${side}.stack.layers.*`, `model.${side}.layers.*`),
  ]),
  ['head.projection.', 'lm_head.'],
  ['head.bias', 'final_logits_bias'],
];

/** The config.json of a new model: its padding and start tokens are the end-of-text token, as Marian's are one. */
export const classicSizes = (
  { layers, hidden, heads, context, vocabSize }: ModelSizes,
  dropout: number,
  eosTokenId: number | null,
): Record<string, unknown> => ({
  vocab_size: vocabSize,
  d_model: hidden,
  max_position_embeddings: context,
  encoder_layers: layers,
  encoder_attention_heads: heads,
  encoder_ffn_dim: 4 * hidden,
  decoder_layers: layers,
  decoder_attention_heads: heads,
  decoder_ffn_dim: 4 * hidden,
  dropout,
  attention_dropout: dropout,
  activation_dropout: dropout,
  is_encoder_decoder: true,
  pad_token_id: eosTokenId ?? 0,
  decoder_start_token_id: eosTokenId ?? 0,
});

export const initializeClassic = (model: Model): void => initializeNormal(model, Number(model.config.init_std ?? 0.02));

/** Whether a checkpoint holds word vectors of encoder and decoder apart, as it does where nothing is tied. */
export function holdsBothTables(checkpoint: Checkpoint | undefined): boolean {
  const tables = ['encoder', 'decoder'].map(side =>
    checkpoint?.keys.find(key => key.endsWith(`${side}.embed_tokens.weight`)),
  );
  return tables[0] !== undefined && tables[1] !== undefined
    ? !checkpoint!.tensor(tables[0]).equal(checkpoint!.tensor(tables[1]))
    : false;
}
