/**
 * What a family of models declares: how its `config.json` becomes the options of an architecture, and how its
 * checkpoint's keys map onto module paths.
 */
import { z } from 'zod';
import { parseOptions } from '../support/schema.ts';
import type { DecoderOptions } from './decoder.ts';

/** One rule from module paths to checkpoint keys; `*` stands for a number, a trailing dot for everything below. */
export type KeyRule = readonly [path: string, key: string, change?: 'transpose'];

/** Sizes under names that every family understands: what a recipe asks for. */
export interface ModelSizes {
  layers: number;
  hidden: number;
  heads: number;
  context: number;
  vocabSize: number;
}

export interface Family {
  /** `model_type` in config.json */
  modelType: string;
  /** Classes of Hugging Face Transformers and the head that each stands for. */
  architectures: Record<string, 'causalLM'>;
  /** The config.json of a new model: a recipe's sizes, and its dropout, under this family's names. */
  configFor: (sizes: ModelSizes, dropout: number) => Record<string, unknown>;
  /**
   * The architecture that a config.json describes. A key that is neither known nor bookkeeping is refused.
   *
   * @param where names the file in messages
   */
  options: (config: Record<string, unknown>, where: string) => DecoderOptions;
  keys: readonly KeyRule[];
  /** The prefix that checkpoints of the bare model leave out. */
  prefix: string;
  /** Keys that may be in a checkpoint and mean nothing. */
  ignoredKeys?: RegExp;
}

/** A family from the schema of its config.json (Hugging Face's keys and defaults) and what that means. */
export function defineFamily<Schema extends z.ZodObject>({
  config: schema,
  options,
  ...rest
}: Omit<Family, 'options'> & { config: Schema; options: (config: z.output<Schema>) => DecoderOptions }): Family {
  const strict = schema.strict();
  return {
    ...rest,
    options(config, where) {
      const meaningful = Object.entries(config).filter(([key]) => !bookkeepingKeys.has(key));
      return options(parseOptions(strict, Object.fromEntries(meaningful), where) as z.output<Schema>);
    },
  };
}

/** What every config.json may say. */
export const commonConfig = {
  model_type: z.string(),
  architectures: z.array(z.string()).nullish(),
  tie_word_embeddings: z.boolean().optional(),
  bos_token_id: z.int().nullish(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
  pad_token_id: z.int().nullish(),
  dtype: z.string().nullish(),
  torch_dtype: z.string().nullish(),
};

/** An option that only works at its default: anything else is an error that names it. */
export const refuse = <T extends boolean | number | string>(only: T) =>
  z
    .custom<T>(value => value === null || value === only, {
      message: `is not supported yet; only ${JSON.stringify(only)} is`,
    })
    .optional();

/** Keys that say nothing about what a model computes: generation defaults, other heads, records of its making. */
export const bookkeepingKeys = new Set([
  '_name_or_path',
  '_commit_hash',
  'transformers_version',
  'use_cache',
  'task_specific_params',
  'n_ctx',
  'summary_type',
  'summary_use_proj',
  'summary_activation',
  'summary_proj_to_labels',
  'summary_first_dropout',
  'gradient_checkpointing',
  'id2label',
  'label2id',
  'num_labels',
  'output_attentions',
  'output_hidden_states',
  'return_dict',
  'use_return_dict',
  'torchscript',
  'problem_type',
  'attn_implementation',
  '_attn_implementation_autoset',
]);
