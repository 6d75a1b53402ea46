/** DistilBERT (Sanh et al. 2019): BERT without segment types and pooler, half as deep. */
import { z } from 'zod';
import { sinusoidalTable } from '../../nn/index.ts';
import { noGrad, scope } from '../../torch/index.ts';
import { activation, commonConfig, labelCount, layerCount, probability, size } from '../config/keys.ts';
import { Encoder } from '../encoder.ts';
import { defineFamily } from '../family.ts';
import { MaskedLMHead } from '../heads/masked-lm.ts';
import { MultipleChoiceHead } from '../heads/multiple-choice.ts';
import { SequenceClassificationHead } from '../heads/sequence-classification.ts';
import { SpanHead } from '../heads/span.ts';
import { TokenClassificationHead } from '../heads/token-classification.ts';
import { initializeNormal } from '../model.ts';
import { olderNormKeys } from './bert.ts';

const config = z.object({
  ...commonConfig,
  vocab_size: size(30522),
  max_position_embeddings: size(512),
  sinusoidal_pos_embds: z.boolean().default(false),
  n_layers: layerCount(6),
  n_heads: size(12),
  dim: size(768),
  hidden_dim: size(3072),
  dropout: probability(0.1),
  attention_dropout: probability(0.1),
  activation: activation('gelu'),
  initializer_range: z.number().positive().default(0.02),
  qa_dropout: probability(0.1),
  seq_classif_dropout: probability(0.2),
  pad_token_id: z.int().min(0).nullable().default(0),
});
type DistilBertConfig = z.output<typeof config>;

const norm = { kind: 'layer', eps: 1e-12 } as const;

function distilBertEncoder(c: DistilBertConfig): Encoder {
  return new Encoder({
    embeddings: {
      vocabSize: c.vocab_size,
      dim: c.dim,
      positions: { kind: 'learned', count: c.max_position_embeddings },
      norm,
      dropout: c.dropout,
      paddingIdx: c.pad_token_id ?? undefined,
    },
    layers: Array.from({ length: c.n_layers }, () => ({
      hidden: c.dim,
      attention: { hidden: c.dim, heads: c.n_heads, layout: 'separate' as const, dropout: c.attention_dropout },
      feedForward: { hidden: c.dim, intermediate: c.hidden_dim, activation: c.activation },
      norm,
      normPlacement: 'post' as const,
      dropout: { attention: 0, feedForward: c.dropout },
    })),
    maxPositions: c.max_position_embeddings,
  });
}

/** A layer of the head's own stands where BERT has the pooler. */
const classifierOptions = (c: DistilBertConfig) => ({
  hidden: c.dim,
  labels: labelCount(c),
  problemType: c.problem_type,
  dropout: c.seq_classif_dropout,
  from: 'first' as const,
  dense: { activation: 'relu' as const },
});

export const distilbert = defineFamily({
  modelType: 'distilbert',
  architectures: {
    DistilBertForMaskedLM: 'maskedLM',
    DistilBertModel: 'backbone',
    DistilBertForSequenceClassification: 'sequenceClassification',
    DistilBertForTokenClassification: 'tokenClassification',
    DistilBertForQuestionAnswering: 'questionAnswering',
    DistilBertForMultipleChoice: 'multipleChoice',
  },
  config,
  aliases: { hidden_size: 'dim', num_attention_heads: 'n_heads', num_hidden_layers: 'n_layers' },
  configFor: ({ layers, hidden, heads, context, vocabSize }, dropout) => ({
    n_layers: layers,
    dim: hidden,
    hidden_dim: 4 * hidden,
    n_heads: heads,
    max_position_embeddings: context,
    vocab_size: vocabSize,
    dropout,
    attention_dropout: dropout,
  }),
  backbone: distilBertEncoder,
  heads: {
    maskedLM: (c, { embeddings }: Encoder) =>
      new MaskedLMHead({
        hidden: c.dim,
        vocabSize: c.vocab_size,
        activation: c.activation,
        norm,
        tied: (c.tie_word_embeddings ?? true) ? embeddings.word : undefined,
      }),
    sequenceClassification: c => new SequenceClassificationHead(classifierOptions(c)),
    tokenClassification: c => new TokenClassificationHead({ ...classifierOptions(c), dropout: c.dropout }),
    questionAnswering: c => new SpanHead(c.dim, { dropout: c.qa_dropout }),
    multipleChoice: c => new MultipleChoiceHead(classifierOptions(c)),
  },
  initialize(model) {
    const c = config.parse(model.config);
    initializeNormal(model, c.initializer_range);
    if (!c.sinusoidal_pos_embds) return;
    const { weight } = (model.backbone as Encoder).embeddings.positions!;
    scope(() => {
      noGrad(() => weight.copy_(sinusoidalTable(c.max_position_embeddings, c.dim, { layout: 'interleaved' })));
    });
  },
  keys: [
    ['backbone.embeddings.word.', 'distilbert.embeddings.word_embeddings.'],
    ['backbone.embeddings.positions.', 'distilbert.embeddings.position_embeddings.'],
    ['backbone.embeddings.norm.', 'distilbert.embeddings.LayerNorm.'],
    ['backbone.stack.layers.*.attention.query.', 'distilbert.transformer.layer.*.attention.q_lin.'],
    ['backbone.stack.layers.*.attention.key.', 'distilbert.transformer.layer.*.attention.k_lin.'],
    ['backbone.stack.layers.*.attention.value.', 'distilbert.transformer.layer.*.attention.v_lin.'],
    ['backbone.stack.layers.*.attention.output.', 'distilbert.transformer.layer.*.attention.out_lin.'],
    ['backbone.stack.layers.*.attentionNorm.', 'distilbert.transformer.layer.*.sa_layer_norm.'],
    ['backbone.stack.layers.*.feedForward.input.', 'distilbert.transformer.layer.*.ffn.lin1.'],
    ['backbone.stack.layers.*.feedForward.output.', 'distilbert.transformer.layer.*.ffn.lin2.'],
    ['backbone.stack.layers.*.feedForwardNorm.', 'distilbert.transformer.layer.*.output_layer_norm.'],
    ['head.transform.', 'vocab_transform.'],
    ['head.norm.', 'vocab_layer_norm.'],
    ['head.decoder.', 'vocab_projector.'],
    ['head.bias', 'vocab_projector.bias'],
    ['head.dense.', 'pre_classifier.'],
    ['head.classifier.', 'classifier.'],
    ['head.span.', 'qa_outputs.'],
  ],
  prefix: 'distilbert.',
  olderKeys: olderNormKeys,
  ignoredKeys: /embeddings\.position_ids$/,
});
