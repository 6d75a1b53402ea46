/** What a task file may say: lm-evaluation-harness 0.4.13's fields, and a few of ours for what it has no type for. */
import { z } from 'zod';

/** `similarity` is ours: the cosine of two texts' vectors beside a score of the data. */
export const OUTPUT_TYPES = [
  'loglikelihood',
  'loglikelihood_rolling',
  'multiple_choice',
  'generate_until',
  'similarity',
] as const;
export type OutputType = (typeof OUTPUT_TYPES)[number];

const text = z.string();
/** A field's name, a template, or a number that is the same for all documents. */
const FIELD = 'expected the name of a column, a template, or a whole number';
const field = z.union([text, z.int()], { error: FIELD });
const choices = z.union([text, z.array(text), z.record(z.string(), text)], {
  error: 'expected the name of a column, a template, or a list of texts',
});
const count = z.int().nonnegative();

const fewshotConfig = z.strictObject({
  sampler: z.enum(['default', 'first_n']).nullish(),
  split: text.nullish(),
  /** Known, and without effect: lm-evaluation-harness 0.4.13 does not give it to its samplers. */
  fewshot_indices: z.array(count).nullish(),
  samples: z.array(z.record(z.string(), z.unknown())).nullish(),
  doc_to_text: field.nullish(),
  doc_to_target: z.union([text, z.int(), z.array(z.unknown())], { error: `${FIELD}, or a list` }).nullish(),
  doc_to_choice: choices.nullish(),
  gen_prefix: text.nullish(),
  fewshot_delimiter: text.nullish(),
  target_delimiter: text.nullish(),
});

const metricEntry = z
  .looseObject({ metric: text, aggregation: text.optional(), higher_is_better: z.boolean().optional() })
  .describe('a metric');

const filterStep = z.looseObject({ function: text });

export const taskSchema = z.strictObject({
  task: text,
  task_alias: text.optional(),
  tag: z.union([text, z.array(text)], { error: 'expected a name or a list of names' }).optional(),
  dataset_path: text.optional(),
  dataset_name: text.nullish(),
  dataset_kwargs: z.record(z.string(), z.unknown()).nullish(),
  training_split: text.nullish(),
  validation_split: text.nullish(),
  test_split: text.nullish(),
  fewshot_split: text.nullish(),
  doc_to_text: field.optional(),
  doc_to_target: z.union([text, z.int(), z.array(z.unknown())], { error: `${FIELD}, or a list` }).optional(),
  doc_to_choice: choices.optional(),
  /** Ours, of `similarity`: the text that `doc_to_text` is compared with. */
  doc_to_pair: text.optional(),
  /** Answers are run as programs, which is done only where it is allowed (`allowCodeExecution`). */
  unsafe_code: z.boolean().optional(),
  description: text.default(''),
  target_delimiter: text.default(' '),
  fewshot_delimiter: text.default('\n\n'),
  fewshot_config: fewshotConfig.nullish(),
  num_fewshot: count.nullish(),
  metric_list: z.array(metricEntry).optional(),
  output_type: z.enum(OUTPUT_TYPES).default('generate_until'),
  generation_kwargs: z.record(z.string(), z.unknown()).optional(),
  repeats: z.int().positive().default(1),
  filter_list: z.array(z.strictObject({ name: text, filter: z.array(filterStep) })).optional(),
  should_decontaminate: z.boolean().default(false),
  doc_to_decontamination_query: text.optional(),
  gen_prefix: text.nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

/** A task's YAML file. */
export type TaskConfig = z.output<typeof taskSchema>;

const groupMetric = z.strictObject({
  metric: text,
  aggregation: z.literal('mean', { error: "'mean' is the only aggregation of groups" }).default('mean'),
  weight_by_size: z.boolean().default(true),
  filter_list: z.union([text.transform(one => [one]), z.array(text)]).nullish(),
});

/** A task of a group: its name, or a task with some fields changed, or a group of its own. */
const child = z.union([text, z.record(z.string(), z.unknown())]);

export const groupSchema = z.strictObject({
  group: text,
  group_alias: text.optional(),
  task: z.array(child),
  aggregate_metric_list: z.union([groupMetric.transform(one => [one]), z.array(groupMetric)]).nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

/** A group's YAML file. */
export type GroupConfig = z.output<typeof groupSchema>;

/** Fields that hold code, or ask for what is not here. */
export const REFUSED: Readonly<Record<string, string>> = {
  class: 'a Python class',
  custom_dataset: 'a Python function that makes data',
  process_docs: 'a Python function',
  process_results: 'a Python function',
  use_prompt: 'a prompt of the library promptsource',
  doc_to_image: 'a model that reads images with text',
  doc_to_audio: 'a model that hears',
};
