/** ViT (Dosovitskiy et al. 2021): an encoder over the patches of an image. */
import { z } from 'zod';
import { activation, labelCount, probability, size } from '../config/keys.ts';
import { Encoder } from '../encoder.ts';
import { defineFamily } from '../family.ts';
import { SequenceClassificationHead } from '../heads/sequence-classification.ts';
import type { PatchEmbeddings } from '../patch-embeddings.ts';
import { encoderConfig } from './bert/network.ts';

/** Height and width: one number where they are equal. */
const extent = (byDefault: number) =>
  z.union([size(byDefault), z.tuple([z.int().positive(), z.int().positive()])]).default(byDefault);

const config = z.object({
  ...encoderConfig,
  hidden_dropout_prob: probability(0),
  attention_probs_dropout_prob: probability(0),
  image_size: extent(224),
  patch_size: extent(16),
  num_channels: size(3),
  qkv_bias: z.boolean().default(true),
  pooler_output_size: z.int().positive().nullish(),
  pooler_act: activation('tanh'),
});

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

export function vitEncoder(c: z.output<typeof config>, { pooler }: { pooler: boolean }): Encoder<PatchEmbeddings> {
  const norm = { kind: 'layer', eps: c.layer_norm_eps } as const;
  const { hidden_size: hidden, qkv_bias: qkv } = c;
  const [imageSize, patchSize] = [pair(c.image_size), pair(c.patch_size)];
  return new Encoder<PatchEmbeddings>({
    embeddings: { imageSize, patchSize, channels: c.num_channels, dim: hidden, dropout: c.hidden_dropout_prob },
    layers: Array.from({ length: c.num_hidden_layers }, () => ({
      hidden,
      attention: {
        hidden,
        heads: c.num_attention_heads,
        layout: 'separate' as const,
        bias: { query: qkv, key: qkv, value: qkv, output: true },
        dropout: c.attention_probs_dropout_prob,
      },
      feedForward: { hidden, intermediate: c.intermediate_size, activation: c.hidden_act },
      norm,
      dropout: c.hidden_dropout_prob,
    })),
    finalNorm: norm,
    hiddenStatesBeforeNorm: true,
    maxPositions: 1 + Math.floor(imageSize[0] / patchSize[0]) * Math.floor(imageSize[1] / patchSize[1]),
    pooler: pooler ? { activation: c.pooler_act, size: c.pooler_output_size ?? hidden } : undefined,
  });
}

export const vit = defineFamily({
  modelType: 'vit',
  architectures: { ViTForImageClassification: 'imageClassification', ViTModel: 'backbone' },
  config,
  configFor: ({ layers, hidden, heads }, dropout) => ({
    num_hidden_layers: layers,
    hidden_size: hidden,
    num_attention_heads: heads,
    intermediate_size: 4 * hidden,
    hidden_dropout_prob: dropout,
    attention_probs_dropout_prob: dropout,
  }),
  backbone: (c, task) => vitEncoder(c, { pooler: task === 'backbone' }),
  heads: {
    imageClassification: c =>
      new SequenceClassificationHead({
        hidden: c.hidden_size,
        labels: labelCount(c),
        problemType: c.problem_type,
        from: 'first',
      }),
  },
  keys: [
    ['backbone.embeddings.classToken', 'vit.embeddings.cls_token'],
    ['backbone.embeddings.positions', 'vit.embeddings.position_embeddings'],
    ['backbone.embeddings.weight', 'vit.embeddings.patch_embeddings.projection.weight'],
    ['backbone.embeddings.bias', 'vit.embeddings.patch_embeddings.projection.bias'],
    ['backbone.stack.layers.*.attentionNorm.', 'vit.encoder.layer.*.layernorm_before.'],
    ['backbone.stack.layers.*.attention.query.', 'vit.encoder.layer.*.attention.attention.query.'],
    ['backbone.stack.layers.*.attention.key.', 'vit.encoder.layer.*.attention.attention.key.'],
    ['backbone.stack.layers.*.attention.value.', 'vit.encoder.layer.*.attention.attention.value.'],
    ['backbone.stack.layers.*.attention.output.', 'vit.encoder.layer.*.attention.output.dense.'],
    ['backbone.stack.layers.*.feedForwardNorm.', 'vit.encoder.layer.*.layernorm_after.'],
    ['backbone.stack.layers.*.feedForward.input.', 'vit.encoder.layer.*.intermediate.dense.'],
    ['backbone.stack.layers.*.feedForward.output.', 'vit.encoder.layer.*.output.dense.'],
    ['backbone.stack.norm.', 'vit.layernorm.'],
    ['backbone.pooler.', 'vit.pooler.dense.'],
    ['head.classifier.', 'classifier.'],
  ],
  prefix: 'vit.',
  // What stands for a hidden patch while pre-training.
  ignoredKeys: /embeddings\.mask_token$/,
});
