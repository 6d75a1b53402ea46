/**
 * Prompt tuning (Lester et al. 2021, arXiv:2104.08691): vectors before those of the words, learnt while the model stays. Positions
 * of the prompt are cut off what the head reads, unless the head sums a whole text up.
 */
import { z } from 'zod';
import { emptyParameter, initUniform, type Parameter } from '../../../nn/index.ts';
import { usageError } from '../../../support/errors.ts';
import { arange, cat, noGrad, randperm, scope, type Tensor } from '../../../torch/index.ts';
import { Decoder } from '../../decoder.ts';
import { Embeddings } from '../../embeddings.ts';
import { Encoder } from '../../encoder.ts';
import { EncoderDecoder } from '../../encoder-decoder.ts';
import type { Backbone, BackboneOutput, Model, ModelInputs } from '../../model.ts';
import { before, type Prompt, shifted } from '../../prompt.ts';
import { commonKeys, type Method } from './method.ts';

export const promptKeys = {
  ...commonKeys,
  num_virtual_tokens: z.int().positive(),
  /** Sizes of the model that it was made for. */
  token_dim: z.int().positive().nullish(),
  num_transformer_submodules: z.int().nullish(),
  num_attention_heads: z.int().nullish(),
  num_layers: z.int().nullish(),
};

const schema = z.strictObject({
  ...promptKeys,
  peft_type: z.literal('PROMPT_TUNING'),
  /** How it was started: as words of the vocabulary, at random, or as a text. */
  prompt_tuning_init: z.enum(['RANDOM', 'TEXT', 'SAMPLE_VOCAB']).default('RANDOM'),
  prompt_tuning_init_text: z.string().nullish(),
  tokenizer_name_or_path: z.string().nullish(),
  tokenizer_kwargs: z.unknown().optional(),
});

type PromptConfig = z.output<typeof schema>;

/** Tasks whose heads read one state for a whole text, which may be the prompt's. */
const sumsUp = ['sequenceClassification', 'multipleChoice', 'nextSentence'];

class SoftPrompt implements Prompt {
  readonly place = 'reader';
  readonly parameter: Parameter;
  readonly count: number;
  readonly #keeps: boolean;

  constructor(model: Model, { num_virtual_tokens: count }: PromptConfig) {
    const { backbone, task } = model;
    const embeddings = embeddingsOf(backbone.reader, model);
    this.count = count;
    // PEFT stores as many again for a decoder, which reads none of them.
    const rows = backbone instanceof EncoderDecoder ? 2 * count : count;
    this.parameter = emptyParameter([rows, embeddings.options.dim]);
    this.#keeps = backbone instanceof EncoderDecoder || (sumsUp.includes(task) && backbone instanceof Encoder);
  }

  around(backbone: Backbone, inputs: ModelInputs): BackboneOutput {
    const { count } = this;
    const { cache, pagedCache, documentStarts } = inputs;
    if (pagedCache || documentStarts) {
      throw new RangeError('a learnt prompt stands before one text: no pages, and no documents in a row');
    }
    if (cache && cache.length > 0) return backbone.run(shifted(inputs, count));
    const { inputIds, inputsEmbeds, tokenTypeIds, positionIds } = inputs;
    const words = inputsEmbeds ?? (backbone as Decoder).embeddings.words(inputIds!);
    const [batch, time, dim] = words.shape;
    const prompt = this.parameter.narrow(0, 0, count).to(words.dtype).unsqueeze(0).expand([batch, count, dim]);
    const first = positionIds && arange(0, count, { dtype: 'int64', device: words.device }).unsqueeze(0);
    const output = backbone.run({
      ...shifted(inputs, count),
      inputIds: undefined,
      inputsEmbeds: cat([prompt, words], 1),
      tokenTypeIds: tokenTypeIds && before(tokenTypeIds, count, 0),
      positionIds: positionIds && cat([first!.expand([positionIds.size(0), count]), positionIds.add(count)], 1),
    });
    if (this.#keeps || inputs.keepPrompt) return output;
    const cut = (states: Tensor): Tensor => states.narrow(1, count, time);
    return { ...output, lastHiddenState: cut(output.lastHiddenState), hiddenStates: output.hiddenStates?.map(cut) };
  }
}

function embeddingsOf(backbone: Backbone, { family }: Model): Embeddings {
  if (backbone instanceof Decoder) return backbone.embeddings;
  if (backbone instanceof Encoder && backbone.embeddings instanceof Embeddings) return backbone.embeddings;
  const hint = 'LoRA adapts every family';
  throw usageError('TSLM_BAD_ADAPTER', `a ${family.modelType} model has no place for a learnt prompt`, hint);
}

export const promptTuning: Method<PromptConfig> = {
  schema,
  complete: (config, model) => ({
    ...sizesOf(model),
    token_dim: embeddingsOf(model.backbone.reader, model).options.dim,
    ...config,
  }),
  prompt: (model, config) => new SoftPrompt(model, config),
  /** Words of the vocabulary begin better than noise (Lester et al. 2021, 3.2). */
  startPrompt({ parameter }, model, { prompt_tuning_init: how }) {
    if (how === 'TEXT') {
      const hint = "take 'SAMPLE_VOCAB' or 'RANDOM'";
      throw usageError('TSLM_BAD_VALUE', "adapter: a new prompt does not start as a text: 'prompt_tuning_init'", hint);
    }
    const { weight } = embeddingsOf(model.backbone.reader, model).word;
    if (how === 'RANDOM') initUniform(parameter, 1 / Math.sqrt(parameter.size(1)));
    else {
      scope(() =>
        noGrad(() => {
          const drawn = randperm(weight.size(0), { dtype: 'int64' }).narrow(0, 0, parameter.size(0));
          parameter.copy_(weight.detach().indexSelect(0, drawn.to({ device: weight.device })));
        }),
      );
    }
  },
};

/** What PEFT's files say of a model's sizes. */
export function sizesOf({ backbone }: Model): Record<string, number> {
  const writer = backbone.writer;
  const layers = backbone.layerCount;
  const heads = writer instanceof Decoder || writer instanceof Encoder ? writer.stack.layers[0].attention.heads : 1;
  return {
    num_layers: layers,
    num_attention_heads: heads,
    num_transformer_submodules: backbone instanceof EncoderDecoder ? 2 : 1,
  };
}
