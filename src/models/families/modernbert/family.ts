/** ModernBERT (Warner et al. 2024): its config.json, its heads and its checkpoint keys. */
import { labelCount } from '../../config/keys.ts';
import type { Encoder } from '../../encoder.ts';
import { defineFamily } from '../../family.ts';
import { MaskedLMHead } from '../../heads/masked-lm.ts';
import { MultipleChoiceHead } from '../../heads/multiple-choice.ts';
import { SequenceClassificationHead } from '../../heads/sequence-classification.ts';
import { SpanHead } from '../../heads/span.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import { initialize } from './initialization.ts';
import { type Config, config, modernBertEncoder, norm } from './network.ts';

/** Before the scores of every head but that of masked words, which has the same as layers of its own. */
const scored = (c: Config) => ({
  hidden: c.hidden_size,
  dropout: c.classifier_dropout,
  transform: { bias: c.classifier_bias, activation: c.classifier_activation, norm: norm(c) },
});

/** Context of the first phase of pretraining, for which all layers had the same rotation (Warner et al. 2024, 3.1.1). */
const SHORT = 1024;

export const modernbert = defineFamily({
  modelType: 'modernbert',
  architectures: {
    ModernBertForMaskedLM: 'maskedLM',
    ModernBertModel: 'backbone',
    ModernBertForSequenceClassification: 'sequenceClassification',
    ModernBertForTokenClassification: 'tokenClassification',
    ModernBertForQuestionAnswering: 'questionAnswering',
    ModernBertForMultipleChoice: 'multipleChoice',
  },
  config,
  bookkeeping: [
    // How the authors' code computes the same, and which of the scores come back beside a loss.
    'deterministic_flash_attn',
    'reference_compile',
    'repad_logits_with_grad',
    'sparse_prediction',
    // Written into published files, read by nothing.
    'layer_norm_eps',
    'position_embedding_type',
  ],
  configFor: ({ layers, hidden, heads, context, vocabSize }, dropout) => ({
    num_hidden_layers: layers,
    hidden_size: hidden,
    // As many weights as an ungated network of 4·hidden has (Shazeer 2020), in multiples of 32.
    intermediate_size: 32 * Math.ceil((8 * hidden) / 3 / 32),
    num_attention_heads: heads,
    max_position_embeddings: context,
    vocab_size: vocabSize,
    pad_token_id: null,
    cls_token_id: null,
    sep_token_id: null,
    // A quarter of what there is to see, and an even number.
    local_attention: Math.min(128, 2 * Math.ceil(context / 8)),
    global_attn_every_n_layers: 3,
    global_rope_theta: context > SHORT ? 160_000 : 10_000,
    local_rope_theta: 10_000,
    embedding_dropout: dropout,
    attention_dropout: dropout,
    mlp_dropout: dropout,
    classifier_dropout: dropout,
    // As in the published models: masked words teach the first token nothing of its own.
    classifier_pooling: 'mean',
  }),
  backbone: modernBertEncoder,
  heads: {
    maskedLM: (c, { embeddings }: Encoder) =>
      new MaskedLMHead({
        hidden: c.hidden_size,
        vocabSize: c.vocab_size,
        activation: c.classifier_activation,
        bias: { transform: c.classifier_bias, scores: c.decoder_bias },
        norm: norm(c),
        tied: (c.tie_word_embeddings ?? true) ? embeddings.word : undefined,
      }),
    sequenceClassification: c =>
      new SequenceClassificationHead({
        ...scored(c),
        labels: labelCount(c),
        problemType: c.problem_type,
        // With padding on the left, this is padding, as in Transformers.
        from: c.classifier_pooling === 'cls' ? 'first' : 'mean',
      }),
    tokenClassification: c => new TokenClassificationHead({ ...scored(c), labels: labelCount(c) }),
    questionAnswering: c => new SpanHead(c.hidden_size, scored(c)),
    multipleChoice: c => new MultipleChoiceHead({ ...scored(c), from: c.classifier_pooling }),
  },
  initialize,
  keys: (_, task) => [
    ['backbone.embeddings.word.', 'model.embeddings.tok_embeddings.'],
    ['backbone.embeddings.norm.', 'model.embeddings.norm.'],
    ['backbone.stack.layers.*.attentionNorm.', 'model.layers.*.attn_norm.'],
    ['backbone.stack.layers.*.attention.qkv.', 'model.layers.*.attn.Wqkv.'],
    ['backbone.stack.layers.*.attention.output.', 'model.layers.*.attn.Wo.'],
    ['backbone.stack.layers.*.feedForwardNorm.', 'model.layers.*.mlp_norm.'],
    ['backbone.stack.layers.*.feedForward.input.', 'model.layers.*.mlp.Wi.'],
    ['backbone.stack.layers.*.feedForward.output.', 'model.layers.*.mlp.Wo.'],
    ['backbone.stack.norm.', 'model.final_norm.'],
    ['head.transform.', task === 'maskedLM' ? 'head.dense.' : 'head.'],
    ['head.norm.', 'head.norm.'],
    ['head.decoder.', 'decoder.'],
    ['head.bias', 'decoder.bias'],
    ['head.classifier.', 'classifier.'],
    ['head.span.', 'classifier.'],
  ],
  prefix: 'model.',
});
