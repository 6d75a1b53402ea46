/** Matthews' correlation coefficient (1975), of any number of labels (Gorodkin 2004); 0 where one side is constant. */
import { confusion, type Label, marginsOf } from './confusion.ts';

export function mcc(truth: readonly Label[], predicted: readonly Label[]): number {
  const { rows, columns, right, total } = marginsOf(confusion(truth, predicted));
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * b[i], 0);
  const spread = (total ** 2 - dot(columns, columns)) * (total ** 2 - dot(rows, rows));
  return spread === 0 ? 0 : (right * total - dot(rows, columns)) / Math.sqrt(spread);
}
