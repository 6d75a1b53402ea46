/** Labels for whole texts or pairs of texts, with scores as Transformers' `text-classification` pipeline gives them. */
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import type { Tensor } from '../torch/index.ts';
import { countTokens, encodeInputs, inBatches, type ReadingOptions, type TaskInput } from './inputs.ts';
import { checkTask, type LabelScore, labelsOf } from './labels.ts';

export interface Classification {
  /** For each input its labels, the most probable first. */
  labels: LabelScore[][];
  /** Tokens that were read. */
  tokens: number;
}

export interface ClassifyOptions extends ReadingOptions {
  /** So many of the labels. Default all. */
  topK?: number;
}

/**
 * @param inputs texts, or pairs for models that compare two
 * @throws UserError when the model does not classify texts, or an input is empty or too long
 */
export function classifyTexts(
  model: Model,
  tokenizer: Tokenizer,
  inputs: readonly TaskInput[],
  { topK, truncate }: ClassifyOptions = {},
): Classification {
  checkTask(model, ['sequenceClassification'], 'classify texts');
  const encoded = encodeInputs(model, tokenizer, inputs, { truncate });
  const scores = inBatches(model, encoded, ({ inputs }) => rowsOf(probabilities(model, model.forward(inputs).logits!)));
  const labels = scores.map(row => {
    const names = labelsOf(model, row.length);
    const all = row.map((score, i) => ({ label: names[i], score }));
    return all.sort((a, b) => b.score - a.score).slice(0, topK);
  });
  return { labels, tokens: countTokens(encoded) };
}

/**
 * What scores mean by `problem_type` of config.json: one of several labels, any of several, or a number.
 *
 * @param logits [batch, labels]
 */
export function probabilities({ config }: Model, logits: Tensor): Tensor {
  const { problem_type: problemType } = config;
  if (problemType === 'regression') return logits;
  const isAnyOf = problemType === 'multi_label_classification' || logits.size(-1) === 1;
  return isAnyOf ? logits.sigmoid() : logits.softmax(-1);
}

/** [rows, columns] as numbers */
export const rowsOf = (x: Tensor): number[][] => x.toArray() as number[][];
