/** BLOOM (Scao et al. 2022): attention with linear biases in place of positions, and a norm on the word vectors. */
import { z } from 'zod';
import { commonConfig, layerCount, probability, size } from '../config/keys.ts';
import { Decoder } from '../decoder.ts';
import { defineFamily } from '../family.ts';
import { decoderHeads } from '../heads/decoder-heads.ts';

export const bloom = defineFamily({
  modelType: 'bloom',
  architectures: {
    BloomForCausalLM: 'causalLM',
    BloomModel: 'backbone',
    BloomForSequenceClassification: 'sequenceClassification',
    BloomForTokenClassification: 'tokenClassification',
    BloomForQuestionAnswering: 'questionAnswering',
  },
  config: z.object({
    ...commonConfig,
    is_decoder: z.boolean().optional(), // it always is
    vocab_size: size(250880),
    hidden_size: size(64),
    n_layer: layerCount(2),
    n_head: size(8),
    layer_norm_epsilon: z.number().positive().default(1e-5),
    initializer_range: z.number().positive().default(0.02),
    apply_residual_connection_post_layernorm: z.boolean().default(false),
    hidden_dropout: probability(0),
    attention_dropout: probability(0),
    classifier_dropout: z.number().min(0).max(1).nullish(),
    /** With `slow_but_exact`, the slices that output projections are summed in, which then lose their biases. */
    pretraining_tp: size(1),
    slow_but_exact: z.boolean().default(false),
    n_inner: z.null().optional(),
    /** Length of pretraining's sequences; longer ones are possible. */
    seq_length: size(2048),
  }),
  aliases: { n_embed: 'hidden_size', num_hidden_layers: 'n_layer', num_attention_heads: 'n_head' },
  // How the program of its training computed the same.
  bookkeeping: [
    'attention_softmax_in_fp32',
    'bias_dropout_fusion',
    'masked_softmax_fusion',
    'offset_alibi',
    'skip_bias_add',
    'skip_bias_add_qkv',
  ],
  configFor: ({ layers, hidden, heads, context, vocabSize }, dropout) => ({
    n_layer: layers,
    hidden_size: hidden,
    n_head: heads,
    seq_length: context,
    vocab_size: vocabSize,
    hidden_dropout: dropout,
    attention_dropout: dropout,
  }),
  backbone(c) {
    const { hidden_size: hidden, n_head: heads } = c;
    if (hidden % heads !== 0) throw new RangeError(`hidden_size (${hidden}) must be a multiple of n_head (${heads})`);
    if (c.slow_but_exact && c.pretraining_tp > 1) {
      throw new RangeError(`slow_but_exact with pretraining_tp above 1 (${c.pretraining_tp}) is not supported`);
    }
    const norm = { kind: 'layer', eps: c.layer_norm_epsilon } as const;
    return new Decoder({
      embeddings: { vocabSize: c.vocab_size, dim: hidden, norm, dropout: 0 },
      // An object each: the same one would share the weights.
      layers: Array.from({ length: c.n_layer }, () => ({
        hidden,
        attention: { hidden, heads, layout: 'fusedByHead', dropout: c.attention_dropout },
        feedForward: { hidden, intermediate: 4 * hidden, activation: 'gelu_new' },
        norm,
        residualAfterNorm: c.apply_residual_connection_post_layernorm,
        dropout: c.hidden_dropout,
      })),
      finalNorm: norm,
      alibi: true,
      maxPositions: c.seq_length,
    });
  },
  heads: decoderHeads,
  keys: [
    ['backbone.embeddings.word.', 'transformer.word_embeddings.'],
    ['backbone.embeddings.norm.', 'transformer.word_embeddings_layernorm.'],
    ['backbone.stack.layers.*.attentionNorm.', 'transformer.h.*.input_layernorm.'],
    ['backbone.stack.layers.*.attention.qkv.', 'transformer.h.*.self_attention.query_key_value.'],
    ['backbone.stack.layers.*.attention.output.', 'transformer.h.*.self_attention.dense.'],
    ['backbone.stack.layers.*.feedForwardNorm.', 'transformer.h.*.post_attention_layernorm.'],
    ['backbone.stack.layers.*.feedForward.input.', 'transformer.h.*.mlp.dense_h_to_4h.'],
    ['backbone.stack.layers.*.feedForward.output.', 'transformer.h.*.mlp.dense_4h_to_h.'],
    ['backbone.stack.norm.', 'transformer.ln_f.'],
    ['head.projection.', 'lm_head.'],
    ['head.score.', 'score.'],
    ['head.classifier.', 'classifier.'],
    ['head.span.', 'qa_outputs.'],
  ],
  prefix: 'transformer.',
  // Causal masks that old checkpoints carry along.
  ignoredKeys: /\.scale_mask_softmax\.causal_mask$/,
});
