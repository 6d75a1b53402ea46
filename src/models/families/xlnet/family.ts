/** XLNet (Yang et al. 2019): its config.json, its heads and its checkpoint keys. */
import { initNormal } from '../../../nn/init.ts';
import { RelativeAttention } from '../../../nn/relative-attention.ts';
import { labelCount } from '../../config/keys.ts';
import { defineFamily } from '../../family.ts';
import { LMHead } from '../../heads/lm.ts';
import { SpanHead } from '../../heads/span.ts';
import { SummaryClassificationHead } from '../../heads/summary-classification.ts';
import { TokenClassificationHead } from '../../heads/token-classification.ts';
import { initializeNormal } from '../../model.ts';
import { type Config, config, summary } from './network.ts';
import { TwoStream } from './two-stream.ts';

export const xlnet = defineFamily({
  modelType: 'xlnet',
  architectures: {
    XLNetLMHeadModel: 'causalLM',
    XLNetModel: 'backbone',
    XLNetForSequenceClassification: 'sequenceClassification',
    XLNetForTokenClassification: 'tokenClassification',
    XLNetForQuestionAnsweringSimple: 'questionAnswering',
  },
  config,
  configFor: ({ layers, hidden, heads, vocabSize }, dropout) => ({
    n_layer: layers,
    d_model: hidden,
    n_head: heads,
    d_inner: 4 * hidden,
    vocab_size: vocabSize,
    dropout,
  }),
  backbone: c =>
    new TwoStream({
      vocabSize: c.vocab_size,
      hidden: c.d_model,
      layers: c.n_layer,
      heads: c.n_head,
      headDim: c.d_head ?? c.d_model / c.n_head,
      intermediate: c.d_inner,
      activation: c.ff_activation,
      normEps: c.layer_norm_eps,
      dropout: c.dropout,
      causal: c.attn_type === 'uni',
      sameLength: c.same_length,
      clampLength: Math.max(0, c.clamp_len),
      memoryLength: c.mem_len ?? 0,
      reuseLength: c.reuse_len ?? 0,
      useMems: { train: c.use_mems_train, eval: c.use_mems_eval },
    }),
  heads: {
    causalLM: ({ tie_word_embeddings = true, vocab_size }: Config, { hidden, word }: TwoStream) =>
      new LMHead({
        hidden,
        vocabSize: vocab_size,
        tied: tie_word_embeddings ? word : undefined,
        bias: true,
        shiftLabels: false,
      }),
    sequenceClassification: (c: Config) =>
      new SummaryClassificationHead({ ...summary(c), labels: labelCount(c), problemType: c.problem_type }),
    tokenClassification: (c: Config) => new TokenClassificationHead({ hidden: c.d_model, labels: labelCount(c) }),
    questionAnswering: (c: Config) => new SpanHead(c.d_model),
  },
  initialize(model) {
    const std = Number(model.config.initializer_range ?? 0.02);
    initializeNormal(model, std);
    initNormal((model.backbone as TwoStream).maskEmbedding, std);
    for (const [, part] of model.namedModules()) {
      if (part instanceof RelativeAttention)
        for (const [, parameter] of part.namedParameters()) initNormal(parameter, std);
    }
  },
  keys: [
    ['backbone.word.', 'transformer.word_embedding.'],
    ['backbone.maskEmbedding', 'transformer.mask_emb'],
    ['backbone.layers.*.attention.contentBias', 'transformer.layer.*.rel_attn.r_w_bias'],
    ['backbone.layers.*.attention.distanceBias', 'transformer.layer.*.rel_attn.r_r_bias'],
    ['backbone.layers.*.attention.segmentBias', 'transformer.layer.*.rel_attn.r_s_bias'],
    ['backbone.layers.*.attention.segments', 'transformer.layer.*.rel_attn.seg_embed'],
    ['backbone.layers.*.attention.', 'transformer.layer.*.rel_attn.'],
    ['backbone.layers.*.attentionNorm.', 'transformer.layer.*.rel_attn.layer_norm.'],
    ['backbone.layers.*.feedForward.input.', 'transformer.layer.*.ff.layer_1.'],
    ['backbone.layers.*.feedForward.output.', 'transformer.layer.*.ff.layer_2.'],
    ['backbone.layers.*.feedForwardNorm.', 'transformer.layer.*.ff.layer_norm.'],
    ['head.projection.weight', 'lm_loss.weight'],
    ['head.bias', 'lm_loss.bias'],
    ['head.summary.', 'sequence_summary.summary.'],
    ['head.classifier.', 'classifier.'],
    ['head.logits.', 'logits_proj.'],
    ['head.span.', 'qa_outputs.'],
  ],
  prefix: 'transformer.',
});
