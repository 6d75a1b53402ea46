/** What config.json says of BERT, the encoder that it describes (Devlin et al. 2019), and the pieces that descendants share. */
import { z } from 'zod';
import type { AttentionOptions } from '../../../nn/index.ts';
import { activation, commonConfig, labelCount, layerCount, probability, refuse, size } from '../../config/keys.ts';
import type { EmbeddingsOptions } from '../../embeddings.ts';
import { Encoder, type EncoderOptions } from '../../encoder.ts';
import type { KeyRule, ModelSizes } from '../../family.ts';
import { MaskedLMHead } from '../../heads/masked-lm.ts';
import type { Task } from '../../model.ts';

/** What config.json of an encoder in BERT's manner may say. */
export const encoderConfig = {
  ...commonConfig,
  hidden_size: size(768),
  num_hidden_layers: layerCount(12),
  num_attention_heads: size(12),
  intermediate_size: size(3072),
  hidden_act: activation('gelu'),
  hidden_dropout_prob: probability(0.1),
  attention_probs_dropout_prob: probability(0.1),
  initializer_range: z.number().positive().default(0.02),
  layer_norm_eps: z.number().positive().default(1e-12),
};

export const bertConfig = {
  ...encoderConfig,
  vocab_size: size(30522),
  max_position_embeddings: size(512),
  type_vocab_size: size(2),
  pad_token_id: z.int().min(0).nullable().default(0),
  classifier_dropout: z.number().min(0).max(1).nullish(),
  position_embedding_type: refuse('absolute'),
};

export const config = z.object(bertConfig);
/** What tells an encoder from a decoder is settled where each is made. */
export type BertConfig = Omit<z.output<typeof config>, 'is_decoder' | 'add_cross_attention'>;

interface BertOptions {
  /** The padding token, where positions are counted from it on (RoBERTa). */
  positionsAfterPadding?: number;
  /** What a descendant's embeddings have of their own. */
  embeddings?: Partial<EmbeddingsOptions>;
  /** What a descendant's attention has of its own. */
  attention?: (layer: number) => Partial<AttentionOptions>;
}

export const bertEncoder = (c: BertConfig, { pooler, ...options }: BertOptions & { pooler: boolean }): Encoder =>
  new Encoder({ ...bertStack(c, options), pooler: pooler ? { activation: 'tanh' } : undefined });

/** Embeddings and layers, of an encoder and of what was made a decoder. */
export function bertStack(
  c: BertConfig,
  { positionsAfterPadding, embeddings, attention }: BertOptions = {},
): EncoderOptions {
  const norm = { kind: 'layer', eps: c.layer_norm_eps } as const;
  const { hidden_size: hidden, max_position_embeddings: positions } = c;
  return {
    embeddings: {
      vocabSize: c.vocab_size,
      dim: hidden,
      positions: { kind: 'learned', count: positions, afterPadding: positionsAfterPadding },
      tokenTypes: c.type_vocab_size,
      norm,
      dropout: c.hidden_dropout_prob,
      paddingIdx: c.pad_token_id ?? undefined,
      ...embeddings,
    },
    layers: Array.from({ length: c.num_hidden_layers }, (_, layer) => ({
      hidden,
      attention: {
        hidden,
        heads: c.num_attention_heads,
        layout: 'separate' as const,
        dropout: c.attention_probs_dropout_prob,
        ...attention?.(layer),
      },
      feedForward: { hidden, intermediate: c.intermediate_size, activation: c.hidden_act },
      norm,
      normPlacement: 'post' as const,
      dropout: c.hidden_dropout_prob,
    })),
    maxPositions: positionsAfterPadding === undefined ? positions : positions - positionsAfterPadding - 1,
  };
}

/** The sizes of a recipe as keys of config.json. */
export const bertConfigFor = (
  { layers, hidden, heads, context, vocabSize }: ModelSizes,
  dropout: number,
): Record<string, unknown> => ({
  num_hidden_layers: layers,
  hidden_size: hidden,
  intermediate_size: 4 * hidden,
  num_attention_heads: heads,
  max_position_embeddings: context,
  vocab_size: vocabSize,
  hidden_dropout_prob: dropout,
  attention_probs_dropout_prob: dropout,
});

/** Checkpoint keys of the encoder. */
export const bertEncoderKeys = (prefix: string): readonly KeyRule[] => [
  ['backbone.embeddings.word.', `${prefix}embeddings.word_embeddings.`],
  ['backbone.embeddings.positions.', `${prefix}embeddings.position_embeddings.`],
  ['backbone.embeddings.tokenTypes.', `${prefix}embeddings.token_type_embeddings.`],
  ['backbone.embeddings.norm.', `${prefix}embeddings.LayerNorm.`],
  ['backbone.stack.layers.*.attention.query.', `${prefix}encoder.layer.*.attention.self.query.`],
  ['backbone.stack.layers.*.attention.key.', `${prefix}encoder.layer.*.attention.self.key.`],
  ['backbone.stack.layers.*.attention.value.', `${prefix}encoder.layer.*.attention.self.value.`],
  ['backbone.stack.layers.*.attention.output.', `${prefix}encoder.layer.*.attention.output.dense.`],
  ['backbone.stack.layers.*.attentionNorm.', `${prefix}encoder.layer.*.attention.output.LayerNorm.`],
  ['backbone.stack.layers.*.feedForward.input.', `${prefix}encoder.layer.*.intermediate.dense.`],
  ['backbone.stack.layers.*.feedForward.output.', `${prefix}encoder.layer.*.output.dense.`],
  ['backbone.stack.layers.*.feedForwardNorm.', `${prefix}encoder.layer.*.output.LayerNorm.`],
  ['backbone.pooler.', `${prefix}pooler.dense.`],
];

const maskedLMKeys = (path: string): readonly KeyRule[] => [
  [`${path}.transform.`, 'cls.predictions.transform.dense.'],
  [`${path}.norm.`, 'cls.predictions.transform.LayerNorm.'],
  [`${path}.decoder.`, 'cls.predictions.decoder.'],
  [`${path}.bias`, 'cls.predictions.bias'],
];

/** Checkpoint keys of masked words, by themselves and beside a question about the pair. */
export const pretrainingKeys: readonly KeyRule[] = [
  ...maskedLMKeys('head'),
  ...maskedLMKeys('head.predictions'),
  ['head.pair.', 'cls.seq_relationship.'],
];

/** Names of norms in checkpoints that were converted from TensorFlow. */
export const olderNormKeys = [
  [/LayerNorm\.weight$/, 'LayerNorm.gamma'],
  [/LayerNorm\.bias$/, 'LayerNorm.beta'],
] as const;

export const poolerTasks: readonly Task[] = [
  'backbone',
  'pretraining',
  'sequenceClassification',
  'multipleChoice',
  'nextSentence',
];

export const maskedLM = (c: BertConfig, { embeddings }: Pick<Encoder, 'embeddings'>): MaskedLMHead =>
  new MaskedLMHead({
    hidden: c.hidden_size,
    vocabSize: c.vocab_size,
    activation: c.hidden_act,
    norm: { kind: 'layer', eps: c.layer_norm_eps },
    tied: (c.tie_word_embeddings ?? true) ? embeddings.word : undefined,
  });

/** What classifiers of BERT and RoBERTa have in common. */
export const classifierOptions = (c: BertConfig) => ({
  hidden: c.hidden_size,
  labels: labelCount(c),
  problemType: c.problem_type,
  dropout: c.classifier_dropout ?? c.hidden_dropout_prob,
});

/** What else the checkpoints with these keys have in common. */
export const bertCheckpoint = {
  prefix: 'bert.',
  // The bias of the output layer is stored under either of its names, or both; so it is here, where it is no embedding's.
  olderKeys: [
    ...olderNormKeys,
    [/^cls\.predictions\.bias$/, 'cls.predictions.decoder.bias'],
    [/^cls\.predictions\.decoder\.bias$/, 'cls.predictions.bias'],
  ],
  savedTwice: [[/^cls\.predictions\.decoder\.bias$/, 'cls.predictions.bias']],
  ignoredKeys: /embeddings\.(position|token_type)_ids$|^cls\.predictions\.bias$/,
} as const;
