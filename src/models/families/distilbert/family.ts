/** DistilBERT (Sanh et al. 2019): its config.json, its heads and its checkpoint keys. */
import { sinusoidalTable } from '../../../nn/index.ts';
import { noGrad, scope } from '../../../torch/index.ts';
import type { Encoder } from '../../encoder.ts';
import { defineFamily } from '../../family.ts';
import { MaskedLMHead } from '../../heads/masked-lm.ts';
import { MultipleChoiceHead } from '../../heads/multiple-choice.ts';
import { SequenceClassificationHead } from '../../heads/sequence-classification.ts';
import { SpanHead } from '../../heads/span.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import { initializeNormal } from '../../model.ts';
import { olderNormKeys } from '../bert/network.ts';
import { classifierOptions, config, distilBertEncoder, norm } from './network.ts';

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
