/** Keys of config.json that many families share. */
import { z } from 'zod';
import { type Activation, activations } from '../../nn/index.ts';

/** An option that only works at its default: anything else is an error that names it. */
export const refuse = <T extends boolean | number | string>(only: T) =>
  z
    .custom<T>(value => value === null || value === only, {
      message: `is not supported yet; only ${JSON.stringify(only)} is`,
    })
    .optional()
    .meta({ refusedUnless: only });

/** What labels are to each other: exactly one of them fits, any of them, or there is one and it is a number. */
export const problemTypes = ['single_label_classification', 'multi_label_classification', 'regression'] as const;
/** Transformers' `problem_type` of a sequence classifier. */
export type ProblemType = (typeof problemTypes)[number];

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
  id2label: z.record(z.string(), z.string()).nullish(),
  label2id: z.record(z.string(), z.int()).nullish(),
  num_labels: z.int().positive().nullish(),
  problem_type: z.enum(problemTypes).nullish(),
  is_decoder: refuse(false),
  add_cross_attention: refuse(false),
  tie_encoder_decoder: refuse(false),
  pruned_heads: z.record(z.string(), z.never()).nullish(),
  /** A key of ours: attention by this many random features in place of full attention (`performer.ts`). */
  performer: z
    .strictObject({
      features: z
        .int()
        .positive()
        .max(2 ** 20)
        .default(256),
      seed: z.int().min(0).default(0),
    })
    .nullish(),
};

/** Labels of a classifier: two unless the configuration says otherwise, as in Hugging Face. */
export const labelCount = (config: { id2label?: Record<string, string> | null; num_labels?: number | null }): number =>
  config.id2label ? Object.keys(config.id2label).length : (config.num_labels ?? 2);

/** A config.json whose classifier has these labels. */
export function withLabels(
  config: Record<string, unknown>,
  labels: readonly string[],
  problemType?: ProblemType,
): Record<string, unknown> {
  const { num_labels: _, problem_type: __, ...rest } = config;
  return {
    ...rest,
    ...(problemType && { problem_type: problemType }),
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
  };
}

/** The name of an activation function. */
export const activation = (byDefault: Activation) =>
  z.enum(Object.keys(activations) as [Activation]).default(byDefault);

/** A probability with a default. */
export const probability = (byDefault: number) => z.number().min(0).max(1).default(byDefault);

/** A width, count or length with a default. */
export const size = (byDefault: number) =>
  z
    .int()
    .positive()
    .max(2 ** 31 - 1)
    .default(byDefault);

/** A number of layers with a default. Each is an object here, so that there is a limit. */
export const layerCount = (byDefault: number) => z.int().positive().max(10_000).default(byDefault);

/** Keys that say nothing about what a model computes: generation defaults and records of its making. */
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
  'start_n_top',
  'end_n_top',
  'output_attentions',
  'output_hidden_states',
  'return_dict',
  'use_return_dict',
  'torchscript',
  'attn_implementation',
  '_attn_implementation_autoset',
  'output_past',
  'prefix',
  'finetuning_task',
  'tokenizer_class',
  'sep_token_id',
  'cls_token_id',
  'chunk_size_feed_forward',
  'use_bfloat16',
  'tf_legacy_loss',
  'is_encoder_decoder',
  'decoder_start_token_id',
  'max_length',
  'min_length',
  'max_new_tokens',
  'do_sample',
  'early_stopping',
  'num_beams',
  'num_beam_groups',
  'diversity_penalty',
  'temperature',
  'top_k',
  'top_p',
  'typical_p',
  'repetition_penalty',
  'length_penalty',
  'no_repeat_ngram_size',
  'encoder_no_repeat_ngram_size',
  'bad_words_ids',
  'num_return_sequences',
  'output_scores',
  'return_dict_in_generate',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'force_bos_token_to_be_generated',
  'remove_invalid_values',
  'exponential_decay_length_penalty',
  'suppress_tokens',
  'begin_suppress_tokens',
  '_num_labels',
  'save_step',
  'encoder_stride',
  // What converters copied from the configurations of the original BERT and ALBERT.
  'directionality',
  'pooler_fc_size',
  'pooler_num_attention_heads',
  'pooler_num_fc_layers',
  'pooler_size_per_head',
  'pooler_type',
  'down_scale_factor',
  'gap_size',
  'layers_to_keep',
  'net_structure_type',
  'num_memory_blocks',
  'tie_weights_',
  // What people note down in published encoders.
  'language',
  'name',
  'sentence_transformers',
  'sbert_ce_default_activation_function',
  'pretraining_tp',
  'cache_implementation',
  'auto_map',
  'unk_token_id',
  'internal_version',
  'transformers.js_config',
  'unsloth_fixed',
  'unsloth_version',
]);
