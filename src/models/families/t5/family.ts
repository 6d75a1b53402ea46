/** T5 (Raffel et al. 2020) and mT5: their config.json, heads and checkpoint keys. */
import { labelCount } from '../../config/keys.ts';
import type { EncoderDecoder } from '../../encoder-decoder.ts';
import { defineFamily, type Family } from '../../family.ts';
import { LastEosClassificationHead } from '../../heads/last-eos-classification.ts';
import { LMHead } from '../../heads/lm.ts';
import { SpanHead } from '../../heads/span.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import type { Backbone, Task } from '../../model.ts';
import { holdsOutputLayer, stackKeys } from './checkpoint.ts';
import { initializeT5 } from './initialization.ts';
import { isGated, type T5Config, type T5Schema, t5Backbone, t5Schema } from './network.ts';

/** @param options.scales whether the output layer's input is scaled where config.json does not say */
function t5Family(modelType: string, config: T5Schema, classes: string, scales: (c: T5Config) => boolean): Family {
  const architectures: Record<string, Task> = {
    ForConditionalGeneration: 'seq2seqLM',
    WithLMHeadModel: 'seq2seqLM',
    Model: 'backbone',
    EncoderModel: 'backbone',
    ForSequenceClassification: 'sequenceClassification',
    ForTokenClassification: 'tokenClassification',
    ForQuestionAnswering: 'questionAnswering',
  };
  return defineFamily({
    modelType,
    architectures: Object.fromEntries(Object.entries(architectures).map(([name, task]) => [classes + name, task])),
    config,
    aliases: {
      hidden_size: 'd_model',
      num_attention_heads: 'num_heads',
      num_hidden_layers: 'num_layers',
      head_dim: 'd_kv',
    },
    configFor: ({ layers, hidden, heads, context, vocabSize }, dropout, eosTokenId) => ({
      vocab_size: vocabSize,
      d_model: hidden,
      d_kv: Math.ceil(hidden / heads),
      d_ff: 4 * hidden,
      num_layers: layers,
      num_decoder_layers: layers,
      num_heads: heads,
      dropout_rate: dropout,
      n_positions: context,
      is_encoder_decoder: true,
      pad_token_id: eosTokenId ?? 0,
      decoder_start_token_id: eosTokenId ?? 0,
    }),
    backbone: t5Backbone,
    heads: {
      seq2seqLM: (c, { hidden, shared }: EncoderDecoder, { checkpoint }) =>
        new LMHead({
          hidden,
          vocabSize: c.vocab_size,
          tied: c.tie_word_embeddings && !holdsOutputLayer(checkpoint) ? shared : undefined,
          scale: (c.scale_decoder_outputs ?? scales(c)) ? hidden ** -0.5 : 1,
          shiftLabels: false,
        }),
      sequenceClassification: (c, { hidden }: Backbone) =>
        new LastEosClassificationHead({
          hidden,
          labels: labelCount(c),
          problemType: c.problem_type,
          dropout: c.classifier_dropout,
          eosTokenId: [c.eos_token_id].flat()[0]!,
        }),
      tokenClassification: (c, { hidden }: Backbone) =>
        new TokenClassificationHead({ hidden, labels: labelCount(c), dropout: c.classifier_dropout }),
      questionAnswering: (_, { hidden }: Backbone) => new SpanHead(hidden),
    },
    initialize: initializeT5,
    keys(json, task) {
      const gated = isGated(config.pick({ feed_forward_proj: true, is_gated_act: true }).parse(json));
      const classifier = task === 'tokenClassification' ? 'classifier.' : 'classification_head.out_proj.';
      return [
        ['backbone.shared.', 'transformer.shared.'],
        ['backbone.embeddings.word.', 'transformer.shared.'],
        ...stackKeys('backbone.stack', 'transformer.encoder', { gated, isDecoder: false }),
        ...stackKeys('backbone.encoder.stack', 'transformer.encoder', { gated, isDecoder: false }),
        ...stackKeys('backbone.decoder.stack', 'transformer.decoder', { gated, isDecoder: true }),
        ['head.projection.', 'lm_head.'],
        ['head.dense.', 'classification_head.dense.'],
        ['head.classifier.', classifier],
        ['head.span.', 'qa_outputs.'],
      ];
    },
    // Some checkpoints hold the table under the name of one of its users alone.
    olderKeys: [
      [/\bshared\.weight$/, 'decoder.embed_tokens.weight'],
      [/\bshared\.weight$/, 'encoder.embed_tokens.weight'],
    ],
    prefix: 'transformer.',
    bareTasks: ['backbone', 'seq2seqLM', 'questionAnswering'],
    // The table once more, and a bias that attention to the encoder never had a use for.
    ignoredKeys: /(encoder|decoder)\.embed_tokens\.weight$|EncDecAttention\.relative_attention_bias\.weight$/,
  });
}

export const t5 = t5Family(
  't5',
  t5Schema({ vocabSize: 32128, intermediate: 2048, layers: 6, heads: 8, gated: false }),
  'T5',
  c => c.tie_word_embeddings,
);
export const mt5 = t5Family(
  'mt5',
  t5Schema({ vocabSize: 250112, intermediate: 1024, layers: 8, heads: 6, gated: true }),
  'MT5',
  () => false,
);
