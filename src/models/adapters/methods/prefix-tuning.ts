/**
 * Prefix tuning (Li & Liang 2021, arXiv:2101.00190) in PEFT's form: keys and values of each layer for positions before the first,
 * as if they were in a cache. Positions of a text are numbered after them; they are not turned by rotary embeddings.
 */
import { z } from 'zod';
import { emptyParameter, initNormal, type KVCache, type Parameter, PrefixCache } from '../../../nn/index.ts';
import { usageError } from '../../../support/errors.ts';
import type { Tensor } from '../../../torch/index.ts';
import { Decoder } from '../../decoder.ts';
import { Encoder } from '../../encoder.ts';
import { EncoderDecoder } from '../../encoder-decoder.ts';
import type { Backbone, BackboneOutput, Model, ModelInputs } from '../../model.ts';
import { type Prompt, shifted } from '../../prompt.ts';
import type { Stack } from '../../stack.ts';
import { commonKeys, type Method } from './method.ts';
import { promptKeys, sizesOf } from './prompt-tuning.ts';

const schema = z.strictObject({
  ...commonKeys,
  ...promptKeys,
  peft_type: z.literal('PREFIX_TUNING'),
  encoder_hidden_size: z.int().nullish(),
  /** The prefix was made by a network while it trained; what is stored is what that gave. */
  prefix_projection: z.boolean().default(false),
  init_weights: z.literal('zero').nullish(),
});

type PrefixConfig = z.output<typeof schema>;

class Prefix implements Prompt {
  readonly place = 'writer';
  /** [count, 2 · layers · heads · dim]: of each layer the keys, then the values */
  readonly parameter: Parameter;
  readonly count: number;
  readonly #shape: readonly [layers: number, heads: number, dim: number];
  readonly #isPair: boolean;

  constructor(model: Model, { num_virtual_tokens: count }: PrefixConfig) {
    const { layers } = stackOf(model.backbone.writer, model);
    const [{ kvHeads, headDim }] = layers.map(({ attention }) => attention);
    this.count = count;
    this.#shape = [layers.length, kvHeads, headDim];
    this.#isPair = model.backbone instanceof EncoderDecoder;
    this.parameter = emptyParameter([count, 2 * layers.length * kvHeads * headDim]);
  }

  around(backbone: Backbone, inputs: ModelInputs): BackboneOutput {
    const { cache, pagedCache, documentStarts } = inputs;
    if (pagedCache || documentStarts) {
      throw new RangeError('a learnt prefix stands before one text: no pages, and no documents in a row');
    }
    const more = shifted(inputs, this.count);
    if (cache && cache.length > 0) return backbone.run(more);
    if (!cache) return backbone.run({ ...more, prefix: new PrefixCache(this.#pairs()) });
    this.#fill(cache, (inputs.inputIds ?? inputs.inputsEmbeds)!.size(0));
    return backbone.run(more);
  }

  #fill(cache: KVCache, batch: number): void {
    for (const [layer, pair] of this.#pairs().entries()) {
      const [keys, values] = pair.map(part => part.expand([batch, -1, -1, -1]));
      cache.append(layer, keys, values);
    }
    cache.advance(this.count);
  }

  /** Keys and values of each layer, [1, heads, count, dim]. */
  #pairs(): [keys: Tensor, values: Tensor][] {
    const [layers, heads, dim] = this.#shape;
    const parts = this.parameter
      .view([1, this.count, 2 * layers, heads, dim])
      .permute([2, 0, 3, 1, 4])
      .unbind();
    // PEFT cuts the prefix of a pair's decoder in steps of four, so that layers read what files hold for others.
    const place = (layer: number): number => (this.#isPair ? (2 * layer) % layers : layer);
    return Array.from({ length: layers }, (_, layer) => [parts[2 * place(layer)], parts[2 * place(layer) + 1]]);
  }
}

function stackOf(backbone: Backbone, { family }: Model): Stack {
  if (backbone instanceof Decoder || backbone instanceof Encoder) {
    const attentions = backbone.stack.layers.map(({ attention }) => attention);
    const isPlain = attentions.every(({ isolatesDocuments, kvHeads, headDim }) => {
      return isolatesDocuments && kvHeads === attentions[0].kvHeads && headDim === attentions[0].headDim;
    });
    if (isPlain) return backbone.stack;
  }
  const hint = 'LoRA adapts every family';
  throw usageError('TSLM_BAD_ADAPTER', `a ${family.modelType} model has no place for learnt keys and values`, hint);
}

export const prefixTuning: Method<PrefixConfig> = {
  schema,
  complete(config, model) {
    const { layers } = stackOf(model.backbone.writer, model);
    const [{ kvHeads, headDim }] = layers.map(({ attention }) => attention);
    const sizes = { ...sizesOf(model), num_attention_heads: kvHeads, token_dim: kvHeads * headDim };
    return { ...sizes, encoder_hidden_size: kvHeads * headDim, ...config };
  },
  prompt(model, config) {
    if (!config.prefix_projection || config.inference_mode) return new Prefix(model, config);
    throw usageError(
      'TSLM_BAD_VALUE',
      "adapter: 'prefix_projection' is not supported for a new prefix",
      'leave it out: the prefix itself is learnt',
    );
  },
  startPrompt: ({ parameter }, _, { init_weights: how }) => initNormal(parameter, how === 'zero' ? 0 : 1),
};
