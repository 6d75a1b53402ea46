/** What classification heads share: the loss that labels call for. */
import { binaryCrossEntropyWithLogits, type Tensor } from '../../torch/index.ts';
import { regressionLoss, tokenLoss } from '../losses.ts';

export type ProblemType = 'regression' | 'single_label_classification' | 'multi_label_classification';

export interface ClassifierOptions {
  /** Width of the hidden states. */
  hidden: number;
  labels: number;
  /** Default: regression for one label; one of several for whole-number labels; else any of several. */
  problemType?: ProblemType | null;
  /** Before the classifier. Default 0. */
  dropout?: number;
}

/**
 * @param logits [batch, labels]
 * @param labels int64 [batch] (one of several), or [batch, labels] (any of several: 0 or 1; regression: numbers)
 */
export function classificationLoss(
  logits: Tensor,
  labels: Tensor,
  { problemType, labels: count }: Pick<ClassifierOptions, 'problemType' | 'labels'>,
): Tensor {
  const wide = logits.to('float32');
  const byLabels = labels.isFloatingPoint ? 'multi_label_classification' : 'single_label_classification';
  const kind = problemType ?? (count === 1 ? 'regression' : byLabels);
  if (kind === 'regression') return regressionLoss(wide, labels);
  if (kind === 'single_label_classification') return tokenLoss(wide, labels.flatten());
  return binaryCrossEntropyWithLogits(wide, labels.to('float32'));
}
