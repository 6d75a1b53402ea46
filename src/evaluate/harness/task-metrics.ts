/** Which metrics a task has, how each is aggregated, and whether more of it is better. */
import { z } from 'zod';
import { usageError } from '../../support/errors.ts';
import { parseOptions } from '../../support/schema.ts';
import { requireAggregation } from './aggregations.ts';
import type { TaskTwins } from './bind-twins.ts';
import type { OutputType, TaskConfig } from './task-config.ts';

/** A metric of a task, with how its values are aggregated. */
export interface TaskMetric {
  name: string;
  aggregation: string;
  higherIsBetter: boolean;
  options: Readonly<Record<string, unknown>>;
}

interface Known {
  aggregation: string;
  higherIsBetter: boolean;
  of: readonly OutputType[];
  options?: z.ZodType;
}

const known = (
  aggregation: string,
  higherIsBetter: boolean,
  of: readonly OutputType[],
  options?: z.ZodType,
): Known => ({
  aggregation,
  higherIsBetter,
  of,
  options,
});
const choice: readonly OutputType[] = ['multiple_choice'];
const rolling: readonly OutputType[] = ['loglikelihood_rolling'];
const writing: readonly OutputType[] = ['generate_until'];
const likeness: readonly OutputType[] = ['similarity'];

const exactMatchOptions = z.strictObject({
  ignore_case: z.boolean().optional(),
  ignore_punctuation: z.boolean().optional(),
  ignore_numbers: z.boolean().optional(),
  regexes_to_ignore: z.array(z.string()).nullish(),
});

const rougeOptions = z.strictObject({ use_stemmer: z.boolean().optional() });
const programOptions = z.strictObject({
  k: z.int().positive().default(1),
  /** A template of the document's columns and `answer`: Python that ends without an error where the answer is right. */
  program: z.string(),
});

const METRICS: Readonly<Record<string, Known>> = {
  acc: known('mean', true, ['loglikelihood', 'multiple_choice']),
  acc_norm: known('mean', true, choice),
  acc_bytes: known('mean', true, choice),
  acc_mutual_info: known('mean', true, choice),
  exact_match: known('mean', true, ['generate_until', 'multiple_choice'], exactMatchOptions),
  perplexity: known('perplexity', false, ['loglikelihood']),
  likelihood: known('mean', true, choice),
  word_perplexity: known('weighted_perplexity', false, rolling),
  byte_perplexity: known('weighted_perplexity', false, rolling),
  bits_per_byte: known('bits_per_byte', false, rolling),
  brier_score: known('brier_score', false, choice),
  f1: known('f1', true, choice),
  mcc: known('matthews_corrcoef', true, choice),
  bleu: known('bleu', true, writing),
  bleu_zh: known('bleu_zh', true, writing),
  chrf: known('chrf', true, writing),
  'chrf++': known('chrf++', true, writing),
  ter: known('ter', false, writing),
  rouge1: known('mean', true, writing, rougeOptions),
  rouge2: known('mean', true, writing, rougeOptions),
  rougeL: known('mean', true, writing, rougeOptions),
  rougeLsum: known('mean', true, writing, rougeOptions),
  squad_exact: known('mean', true, writing),
  squad_f1: known('mean', true, writing),
  cmrc_exact: known('mean', true, writing),
  cmrc_f1: known('mean', true, writing),
  'pass@k': known('mean', true, writing, programOptions),
  spearman: known('spearman', true, likeness),
  pearson: known('pearson', true, likeness),
  kendall: known('kendall', true, likeness),
  bypass: known('bypass', true, ['loglikelihood', 'multiple_choice', 'generate_until']),
};

/** How a metric is aggregated, and whether more of it is better, where a task does not say; undefined for one that is not known. */
export const defaultsOf = (metric: string): Pick<TaskMetric, 'aggregation' | 'higherIsBetter'> | undefined => {
  const name = /^pass@\d+$/.test(metric) ? 'pass@k' : metric;
  return Object.hasOwn(METRICS, name) ? METRICS[name] : undefined;
};

/** Those of a task that names none. */
const DEFAULTS: Readonly<Record<OutputType, readonly string[]>> = {
  loglikelihood: ['perplexity', 'acc'],
  loglikelihood_rolling: ['word_perplexity', 'byte_perplexity', 'bits_per_byte'],
  multiple_choice: ['acc', 'acc_norm'],
  generate_until: ['exact_match'],
  similarity: ['spearman', 'pearson'],
};

/** @throws UserError that names the task: for a metric, an aggregation or an option that does not exist or apply */
export function metricsOf(
  { metric_list: given, output_type: type, unsafe_code: unsafe }: TaskConfig,
  where: string,
  twins?: TaskTwins,
): TaskMetric[] {
  const entries =
    given ?? DEFAULTS[type].map(metric => ({ metric, aggregation: undefined, higher_is_better: undefined }));
  return entries.map(({ metric, aggregation, higher_is_better: better, ...options }) => {
    if (twins?.results) {
      parseOptions(z.strictObject({}), options, `${where}: metric ${metric}`);
      const { aggregation: usual, higherIsBetter } = defaultsOf(metric) ?? {
        aggregation: 'mean',
        higherIsBetter: true,
      };
      const name = requireAggregation(aggregation ?? usual, where);
      return { name: metric, aggregation: name, higherIsBetter: better ?? higherIsBetter, options: {} };
    }
    if (!Object.hasOwn(METRICS, metric)) {
      throw usageError(
        'TSLM_UNKNOWN_METRIC',
        `${where}: there is no metric '${metric}'`,
        `known: ${Object.keys(METRICS).join(', ')}`,
      );
    }
    const { of, options: schema = z.strictObject({}), ...defaults } = METRICS[metric];
    if (!of.includes(type)) {
      throw usageError(
        'TSLM_UNKNOWN_METRIC',
        `${where}: the metric '${metric}' is not one of the type ${type}`,
        `it is one of ${of.join(', ')}`,
      );
    }
    const read = parseOptions(schema, options, `${where}: metric ${metric}`) as Record<string, unknown>;
    if (metric === 'pass@k' && !unsafe) {
      throw usageError(
        'TSLM_UNKNOWN_METRIC',
        `${where}: the metric 'pass@k' runs what a model writes, and the task does not say so`,
        "add 'unsafe_code: true'",
      );
    }
    return {
      name: metric === 'pass@k' ? `pass@${read.k}` : metric,
      aggregation: requireAggregation(aggregation ?? defaults.aggregation, where),
      higherIsBetter: better ?? defaults.higherIsBetter,
      options: read,
    };
  });
}
