/** How often predictions are right, and the same corrected for what chance would give. */
import { confusion, type Label, marginsOf } from './confusion.ts';
import { ratio } from './f1.ts';

export const accuracy = (truth: readonly Label[], predicted: readonly Label[]): number =>
  ratio(truth.filter((label, i) => label === predicted[i]).length, truth.length);

/** Mean recall over the labels that are there. */
export function balancedAccuracy(truth: readonly Label[], predicted: readonly Label[]): number {
  const table = confusion(truth, predicted);
  const recalls = marginsOf(table).rows.flatMap((there, i) => (there > 0 ? [table.counts[i][i] / there] : []));
  return ratio(
    recalls.reduce((sum, recall) => sum + recall, 0),
    recalls.length,
  );
}

/** Cohen's κ (1960): agreement beyond chance. */
export function cohenKappa(truth: readonly Label[], predicted: readonly Label[]): number {
  const { rows, columns, right, total } = marginsOf(confusion(truth, predicted));
  const chance = rows.reduce((sum, count, i) => sum + count * columns[i], 0) / total ** 2;
  return (right / total - chance) / (1 - chance);
}

/** Items whose labels are all right. */
export const subsetAccuracy = (
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): number =>
  ratio(truth.filter((labels, i) => labels.every((label, l) => label === predicted[i][l])).length, truth.length);

/** Share of labels that are wrong. */
export const hammingLoss = (truth: readonly (readonly number[])[], predicted: readonly (readonly number[])[]): number =>
  ratio(
    truth.reduce((sum, labels, i) => sum + labels.filter((label, l) => label !== predicted[i][l]).length, 0),
    truth.reduce((sum, labels) => sum + labels.length, 0),
  );
