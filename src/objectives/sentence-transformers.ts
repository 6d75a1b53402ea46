/**
 * What tells the library sentence-transformers (Reimers & Gurevych 2019) how a folder makes vectors of texts: modules.json and
 * the settings of its pooling, beside the model. `tasks/sentence-transformers.ts` reads it.
 */
import type { Pooling } from '../models/pooling.ts';

/** The key of each pooling that the library has, of which one is true. */
const KEYS: Record<Pooling, string> = {
  mean: 'pooling_mode_mean_tokens',
  cls: 'pooling_mode_cls_token',
  last: 'pooling_mode_lasttoken',
  max: 'pooling_mode_max_tokens',
};

const isPooling = (pooling: string): pooling is Pooling => pooling in KEYS;

const moduleOf = (idx: number, type: string, path: string) => ({
  idx,
  name: String(idx),
  path,
  type: `sentence_transformers.models.${type}`,
});

/**
 * JSON files by their paths in the model's folder; none for a pooling that the library has not.
 *
 * @param hidden width of the vectors
 * @param context most tokens of a text
 */
export function sentenceTransformersFiles(
  pooling: string,
  { hidden, context }: { hidden: number; context: number },
): Record<string, unknown> {
  if (!isPooling(pooling)) return {};
  const modes = Object.entries(KEYS).map(([name, key]) => [key, name === pooling] as const);
  return {
    'modules.json': [moduleOf(0, 'Transformer', ''), moduleOf(1, 'Pooling', '1_Pooling')],
    'sentence_bert_config.json': { max_seq_length: context, do_lower_case: false },
    '1_Pooling/config.json': { word_embedding_dimension: hidden, ...Object.fromEntries(modes), include_prompt: true },
  };
}
