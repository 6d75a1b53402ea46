/** What config.json says of ALBERT, and the encoder whose layers share their weights (Lan et al. 2020). */
import { z } from 'zod';
import { activation, labelCount, probability, refuse, size } from '../../config/keys.ts';
import { Encoder } from '../../encoder.ts';
import type { KeyRule } from '../../family.ts';
import { MaskedLMHead } from '../../heads/masked-lm.ts';
import type { LayerOptions } from '../../layer.ts';
import type { Task } from '../../model.ts';
import { encoderConfig } from '../bert/network.ts';

export const config = z.object({
  ...encoderConfig,
  vocab_size: size(30000),
  embedding_size: size(128),
  hidden_size: size(4096),
  num_hidden_groups: size(1),
  num_attention_heads: size(64),
  intermediate_size: size(16384),
  inner_group_num: size(1),
  hidden_act: activation('gelu_new'),
  hidden_dropout_prob: probability(0),
  attention_probs_dropout_prob: probability(0),
  max_position_embeddings: size(512),
  type_vocab_size: size(2),
  classifier_dropout_prob: z.number().min(0).max(1).nullable().default(0.1),
  position_embedding_type: refuse('absolute'),
  pad_token_id: z.int().min(0).nullable().default(0),
});
type AlbertConfig = z.output<typeof config>;
type Groups = Pick<AlbertConfig, 'num_hidden_layers' | 'num_hidden_groups' | 'inner_group_num'>;

/** As many as any other family may have. */
const MAX_LAYERS = 10_000;

/**
 * Every layer that is run, in order: its group, and its place within the group.
 *
 * @throws RangeError when there are too many
 */
export function albertLayers(c: Groups): readonly (readonly [group: number, inner: number])[] {
  const count = c.num_hidden_layers * c.inner_group_num;
  if (count > MAX_LAYERS) {
    throw new RangeError(`num_hidden_layers times inner_group_num is ${count}, more than ${MAX_LAYERS}`);
  }
  return Array.from({ length: c.num_hidden_layers }, (_, i) =>
    Math.floor(i / (c.num_hidden_layers / c.num_hidden_groups)),
  ).flatMap(group => Array.from({ length: c.inner_group_num }, (_, inner) => [group, inner] as const));
}

export function albertEncoder(c: AlbertConfig, { pooler }: { pooler: boolean }): Encoder {
  const norm = { kind: 'layer', eps: c.layer_norm_eps } as const;
  const { hidden_size: hidden } = c;
  const layer = (): LayerOptions => ({
    hidden,
    attention: {
      hidden,
      heads: c.num_attention_heads,
      layout: 'separate',
      dropout: c.attention_probs_dropout_prob,
    },
    feedForward: { hidden, intermediate: c.intermediate_size, activation: c.hidden_act },
    norm,
    normPlacement: 'post',
    dropout: { attention: c.hidden_dropout_prob, feedForward: 0 },
  });
  // The same object each time is the same weights.
  const made = new Map<string, LayerOptions>();
  const layers = albertLayers(c).map(place => {
    const name = place.join();
    const options = made.get(name) ?? layer();
    made.set(name, options);
    return options;
  });
  return new Encoder({
    embeddings: {
      vocabSize: c.vocab_size,
      dim: c.embedding_size,
      hidden,
      positions: { kind: 'learned', count: c.max_position_embeddings },
      tokenTypes: c.type_vocab_size,
      norm,
      dropout: c.hidden_dropout_prob,
      paddingIdx: c.pad_token_id ?? undefined,
    },
    layers,
    maxPositions: c.max_position_embeddings,
    pooler: pooler ? { activation: 'tanh' } : undefined,
  });
}

export const poolerTasks: readonly Task[] = ['backbone', 'pretraining', 'sequenceClassification', 'multipleChoice'];

export const maskedLM = (c: AlbertConfig, { embeddings }: Encoder): MaskedLMHead =>
  new MaskedLMHead({
    hidden: c.hidden_size,
    dim: c.embedding_size,
    vocabSize: c.vocab_size,
    activation: c.hidden_act,
    norm: { kind: 'layer', eps: c.layer_norm_eps },
    tied: (c.tie_word_embeddings ?? true) ? embeddings.word : undefined,
  });

export const classifierOptions = (c: AlbertConfig) => ({
  hidden: c.hidden_size,
  labels: labelCount(c),
  problemType: c.problem_type,
  dropout: c.classifier_dropout_prob ?? c.hidden_dropout_prob,
});

const maskedLMKeys = (path: string): readonly KeyRule[] => [
  [`${path}.transform.`, 'predictions.dense.'],
  [`${path}.norm.`, 'predictions.LayerNorm.'],
  [`${path}.decoder.`, 'predictions.decoder.'],
  [`${path}.bias`, 'predictions.bias'],
];

export function keys(json: Record<string, unknown>): readonly KeyRule[] {
  const places = albertLayers(config.parse(json));
  const of = (rest: string) => (index: number) => {
    const [group, inner] = places[index];
    return `albert.encoder.albert_layer_groups.${group}.albert_layers.${inner}.${rest}`;
  };
  return [
    ['backbone.embeddings.word.', 'albert.embeddings.word_embeddings.'],
    ['backbone.embeddings.positions.', 'albert.embeddings.position_embeddings.'],
    ['backbone.embeddings.tokenTypes.', 'albert.embeddings.token_type_embeddings.'],
    ['backbone.embeddings.norm.', 'albert.embeddings.LayerNorm.'],
    ['backbone.embeddings.projection.', 'albert.encoder.embedding_hidden_mapping_in.'],
    ['backbone.stack.layers.*.attention.query.', of('attention.query.')],
    ['backbone.stack.layers.*.attention.key.', of('attention.key.')],
    ['backbone.stack.layers.*.attention.value.', of('attention.value.')],
    ['backbone.stack.layers.*.attention.output.', of('attention.dense.')],
    ['backbone.stack.layers.*.attentionNorm.', of('attention.LayerNorm.')],
    ['backbone.stack.layers.*.feedForward.input.', of('ffn.')],
    ['backbone.stack.layers.*.feedForward.output.', of('ffn_output.')],
    ['backbone.stack.layers.*.feedForwardNorm.', of('full_layer_layer_norm.')],
    ['backbone.pooler.', 'albert.pooler.'],
    ...maskedLMKeys('head'),
    ...maskedLMKeys('head.predictions'),
    ['head.pair.', 'sop_classifier.classifier.'],
    ['head.classifier.', 'classifier.'],
    ['head.span.', 'qa_outputs.'],
  ];
}
