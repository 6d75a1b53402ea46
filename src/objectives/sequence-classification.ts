/**
 * What a text, or a pair of texts, is (Devlin et al. 2019, 4.1): one of several labels; any of them, where a row has a list of
 * 0 and 1; or a number, for a model with a single output.
 */
import { z } from 'zod';
import { regressionLoss } from '../models/losses.ts';
import { UserError } from '../support/errors.ts';
import { binaryCrossEntropyWithLogits, isGradEnabled, scope, type Tensor, tensor } from '../torch/index.ts';
import { int64Of } from './batches.ts';
import { type EncodedBatch, type EncodedText, encodedBatch, inputsOf } from './encodings.ts';
import { labelKeys, labelLoss, refuseLabelOptions } from './label-loss.ts';
import { labelsOf } from './labels.ts';
import type { Objective, ObjectiveContext } from './objective.ts';

export const sequenceClassificationOptions = z.strictObject({
  name: z.literal('sequence-classification'),
  ...labelKeys,
});

/** Options of sequence classification; each is explained in docs/OBJECTIVES.md. */
export type SequenceClassificationOptions = Partial<Omit<z.output<typeof sequenceClassificationOptions>, 'name'>>;

export interface ClassifiedText extends EncodedText {
  /** Its number; of any of several labels 0 or 1 each; of a regression the value. */
  label: number | readonly number[];
}

export interface ClassifiedBatch extends EncodedBatch {
  /** int64 [batch]; any of several: float32 [batch, labels]; regression: float32 [batch] */
  labels: Tensor;
}

/** Labels, several labels or a number of a text or a pair of texts. */
export function sequenceClassification(
  { tokenizer, context, model, config = model?.config }: ObjectiveContext,
  options: SequenceClassificationOptions = {},
): Objective<'labelled', ClassifiedText, ClassifiedBatch> {
  const { count, numberOf } = labelsOf(config);
  const problem = config?.problem_type ?? (count === 1 ? 'regression' : undefined);
  if (problem === 'regression') refuseLabelOptions(options, 'the model predicts a number');
  if (problem === 'multi_label_classification') refuseLabelOptions(options, 'any of the labels may');
  const loss = labelLoss(options, config);
  return {
    name: 'sequence-classification',
    rows: 'labelled',
    tasks: ['sequenceClassification'],
    weights: loss.weights,

    example({ text, pair, label }) {
      const { ids, typeIds } = tokenizer.encode(text, { pair, truncation: true, maxLength: context });
      const encoded = { ids, types: typeIds };
      if (typeof label === 'object') return { ...encoded, label: flagsOf(label, count) };
      return { ...encoded, label: problem === 'regression' ? numberIn(label) : numberOf(label) };
    },

    lengthOf: ({ ids }) => ids.length,

    batch(examples, device) {
      const labels = examples.map(({ label }) => label);
      const isWhole = problem !== 'regression' && labels.every(label => typeof label === 'number');
      return {
        ...encodedBatch(examples, tokenizer, device),
        labels: isWhole ? int64Of(labels as number[], device) : tensor(labels as number[], { device }),
      };
    },

    counts({ labels }) {
      if (!labels.isFloatingPoint) return loss.counts(labels);
      return { label: labels.size(0), ...(labels.dim > 1 && { accuracy: labels.size(0) }) };
    },

    means: (one, batch) =>
      scope(() => {
        const { labels } = batch;
        const logits = one.forward(inputsOf(one, batch)).logits!.to('float32');
        if (!labels.isFloatingPoint) return loss.means(logits, labels);
        if (labels.dim === 1) return { label: regressionLoss(logits, labels) };
        const right = logits.gt(0).eq(labels.gt(0)).to('float32').mean();
        return {
          label: binaryCrossEntropyWithLogits(logits, labels),
          ...(!isGradEnabled() && { accuracy: right }),
        };
      }),
  };
}

function flagsOf(flags: readonly number[], count: number): readonly number[] {
  if (flags.length === count && flags.every(flag => flag >= 0 && flag <= 1)) return flags;
  throw new UserError('TSLM_BAD_ROW', `a row has the labels [${flags.join(', ')}], and the model ${count} labels`, {
    hint: 'a list says 0 or 1 of each label',
  });
}

function numberIn(label: string | number): number {
  const value = label === '' ? Number.NaN : Number(label);
  if (Number.isFinite(value)) return value;
  throw new UserError('TSLM_BAD_ROW', `a row has the label '${label}', and the model predicts a number`);
}
