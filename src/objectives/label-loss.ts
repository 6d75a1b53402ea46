/**
 * The loss of labels. With smoothing (Szegedy et al. 2016, 7) (1 − ε) of it says which label is right, ε that none is impossible: the
 * two are terms of their own, so that the first stays what it is. Labels may weigh unequally, as in PyTorch's cross-entropy, and
 * predictions that are right already may count less (focal loss, Lin et al. 2017, arXiv:1708.02002).
 */
import { z } from 'zod';
import { tokenLoss } from '../models/losses.ts';
import type { Model } from '../models/model.ts';
import { usageError } from '../support/errors.ts';
import { isGradEnabled, noGrad, scope, type Tensor, tensor } from '../torch/index.ts';
import { shareRight } from './batches.ts';
import { labelsOf } from './labels.ts';
import { logProbabilities } from './log-probabilities.ts';
import type { Counts, Means } from './objective.ts';
import { smoothingLoss } from './smoothing.ts';

export const labelKeys = {
  /** ε. */
  labelSmoothing: z.number().min(0).lt(1).default(0),
  /** How much labels weigh, by name or number: { rare: 5 }; those that are not named 1. */
  classWeights: z.record(z.string(), z.number().min(0)).optional(),
  /** γ of the focal loss: each prediction weighs (1 − p)^γ. */
  focal: z.number().min(0).default(0),
};

export interface LabelLossOptions {
  labelSmoothing?: number;
  classWeights?: Readonly<Record<string, number>>;
  focal?: number;
}

export interface LabelLoss {
  weights: Record<string, number>;
  /** @param labels int64 [n] */
  counts(labels: Tensor): Counts;
  /**
   * @param logits float32 [n, labels]
   * @param labels int64 [n]
   */
  means(logits: Tensor, labels: Tensor): Means;
}

/** @throws UserError for weights of labels that the model has not, and for smoothing beside the focal loss */
export function labelLoss(
  { labelSmoothing = 0, classWeights, focal = 0 }: LabelLossOptions,
  config?: Model['config'],
): LabelLoss {
  if (labelSmoothing > 0 && focal > 0) {
    throw usageError(
      'TSLM_CONTRADICTION',
      "'objective.labelSmoothing' and 'objective.focal' are both given: one takes off what the other puts on",
      'leave one of them out',
    );
  }
  const perLabel = classWeights && weightsByNumber(classWeights, config);
  /** float32 [labels], [n] */
  const weightsAt = (labels: Tensor): [all: Tensor, own: Tensor] => {
    const all = tensor(perLabel!, { dtype: 'float32', device: labels.device });
    return [all, all.indexSelect(0, labels)];
  };
  const sumOf = (labels: Tensor): number =>
    perLabel ? scope(() => noGrad(() => weightsAt(labels)[1].sum().item())) : labels.numel;
  return {
    weights: labelWeights(labelSmoothing),
    counts(labels) {
      const sum = sumOf(labels);
      return { label: sum, accuracy: labels.numel, ...(labelSmoothing > 0 && { smoothing: sum }) };
    },
    means(logits, labels) {
      const accuracy = !isGradEnabled() && { accuracy: shareRight(logits, labels) };
      if (!perLabel && focal === 0) return { ...labelMeans(logits, labels, labelSmoothing), ...accuracy };
      const [all, own] = perLabel ? weightsAt(labels) : [];
      const mean = (values: Tensor): Tensor => (own ? values.sum().div(own.sum()) : values.mean());
      const logs = logProbabilities(logits, labels);
      const each = focal > 0 ? logs.neg().mul(logs.exp().neg().add(1).clamp({ min: 0 }).pow(focal)) : logs.neg();
      const unlikely = (): Tensor => {
        const rows = logits.logSoftmax(-1).neg();
        return (all ? rows.mul(all) : rows).mean([-1]);
      };
      return {
        label: mean(own ? each.mul(own) : each),
        ...(labelSmoothing > 0 && { smoothing: mean(unlikely()) }),
        ...accuracy,
      };
    },
  };
}

/** Where exactly one of several labels fits; otherwise labels have no weights, and nothing is right by degrees. */
export function refuseLabelOptions({ classWeights, focal = 0 }: LabelLossOptions, what: string): void {
  const given = classWeights ? 'classWeights' : focal > 0 ? 'focal' : undefined;
  if (given === undefined) return;
  throw usageError(
    'TSLM_CONTRADICTION',
    `'objective.${given}' is for labels of which exactly one fits, and ${what}`,
    'leave it out',
  );
}

function weightsByNumber(given: Readonly<Record<string, number>>, config: Model['config'] | undefined): number[] {
  const { count, numberOf } = labelsOf(config);
  const weights = new Array<number>(count).fill(1);
  for (const [label, weight] of Object.entries(given)) weights[numberOf(label)] = weight;
  return weights;
}

export const labelWeights = (labelSmoothing: number): Record<string, number> =>
  labelSmoothing === 0 ? { label: 1 } : { label: 1 - labelSmoothing, smoothing: labelSmoothing };

/**
 * The plain loss.
 *
 * @param logits float32 [n, labels]
 * @param labels int64 [n]
 */
export const labelMeans = (logits: Tensor, labels: Tensor, labelSmoothing: number): Means => ({
  label: tokenLoss(logits, labels),
  ...(labelSmoothing > 0 && { smoothing: smoothingLoss(logits) }),
});
