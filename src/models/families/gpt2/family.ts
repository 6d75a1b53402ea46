/** GPT-2 (Radford et al. 2019): its config.json, its heads and its checkpoint keys. */
import { initNormal } from '../../../nn/init.ts';
import type { Decoder } from '../../decoder.ts';
import { defineFamily } from '../../family.ts';
import { decoderHeads } from '../../heads/decoder-heads.ts';
import { initializeNormal } from '../../model.ts';
import { config, gpt2Decoder } from './network.ts';

export const gpt2 = defineFamily({
  modelType: 'gpt2',
  architectures: {
    GPT2LMHeadModel: 'causalLM',
    GPT2Model: 'backbone',
    GPT2ForSequenceClassification: 'sequenceClassification',
    GPT2ForTokenClassification: 'tokenClassification',
    GPT2ForQuestionAnswering: 'questionAnswering',
  },
  config,
  aliases: {
    hidden_size: 'n_embd',
    max_position_embeddings: 'n_positions',
    num_attention_heads: 'n_head',
    num_hidden_layers: 'n_layer',
  },
  configFor: ({ layers, hidden, heads, context, vocabSize }, dropout) => ({
    n_layer: layers,
    n_embd: hidden,
    n_head: heads,
    n_positions: context,
    vocab_size: vocabSize,
    resid_pdrop: dropout,
    embd_pdrop: dropout,
    attn_pdrop: dropout,
  }),
  backbone: gpt2Decoder,
  heads: decoderHeads,
  // What writes to the residual stream starts narrower, by √(2·layers).
  initialize(model) {
    const std = Number(model.config.initializer_range ?? 0.02);
    initializeNormal(model, std);
    const { layers } = (model.backbone as Decoder).stack;
    for (const { attention, crossAttention, feedForward } of layers) {
      for (const { output } of [attention, crossAttention ?? [], feedForward].flat()) {
        initNormal(output.weight, std / Math.sqrt(2 * layers.length));
      }
    }
  },
  // Projections are stored as [in, out] (Conv1D), the transpose of a Linear's weight.
  keys: [
    ['backbone.embeddings.word.', 'transformer.wte.'],
    ['backbone.embeddings.positions.', 'transformer.wpe.'],
    ['backbone.stack.layers.*.attentionNorm.', 'transformer.h.*.ln_1.'],
    ['backbone.stack.layers.*.attention.qkv.', 'transformer.h.*.attn.c_attn.', 'transpose'],
    ['backbone.stack.layers.*.attention.output.', 'transformer.h.*.attn.c_proj.', 'transpose'],
    ['backbone.stack.layers.*.crossAttentionNorm.', 'transformer.h.*.ln_cross_attn.'],
    ['backbone.stack.layers.*.crossAttention.query.', 'transformer.h.*.crossattention.q_attn.', 'transpose'],
    ['backbone.stack.layers.*.crossAttention.keyValue.', 'transformer.h.*.crossattention.c_attn.', 'transpose'],
    ['backbone.stack.layers.*.crossAttention.output.', 'transformer.h.*.crossattention.c_proj.', 'transpose'],
    ['backbone.stack.layers.*.feedForwardNorm.', 'transformer.h.*.ln_2.'],
    ['backbone.stack.layers.*.feedForward.input.', 'transformer.h.*.mlp.c_fc.', 'transpose'],
    ['backbone.stack.layers.*.feedForward.output.', 'transformer.h.*.mlp.c_proj.', 'transpose'],
    ['backbone.stack.norm.', 'transformer.ln_f.'],
    ['head.projection.', 'lm_head.'],
    ['head.score.', 'score.'],
    ['head.classifier.', 'classifier.'],
    ['head.span.', 'qa_outputs.'],
  ],
  prefix: 'transformer.',
  // Causal masks that old checkpoints carry along.
  ignoredKeys: /\.(attn|crossattention)\.(bias|masked_bias)$/,
});
