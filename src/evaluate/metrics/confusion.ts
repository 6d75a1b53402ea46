/** How often each label was predicted for each true one: what accuracy, F1 and their like are made of. */
import { requireAsMany } from './bleu.ts';

export type Label = string | number | boolean;

export interface Confusion {
  /** In order. */
  labels: readonly Label[];
  /** [true][predicted] */
  counts: readonly (readonly number[])[];
}

/** @param labels in this order; default those that occur, sorted */
export function confusion(
  truth: readonly Label[],
  predicted: readonly Label[],
  labels: readonly Label[] = sorted(new Set([...truth, ...predicted])),
): Confusion {
  requireAsMany(truth, predicted);
  const index = new Map(labels.map((label, i) => [label, i]));
  const counts = labels.map(() => new Array<number>(labels.length).fill(0));
  for (const [i, label] of truth.entries()) {
    const [row, column] = [index.get(label), index.get(predicted[i])];
    if (row !== undefined && column !== undefined) counts[row][column]++;
  }
  return { labels, counts };
}

const sorted = (labels: ReadonlySet<Label>): Label[] =>
  [...labels].sort((a, b) =>
    typeof a === 'string' || typeof b === 'string' ? (String(a) < String(b) ? -1 : 1) : Number(a) - Number(b),
  );

/** Σ of each row, of each column, and of the diagonal. */
export function marginsOf({ counts }: Confusion): { rows: number[]; columns: number[]; right: number; total: number } {
  const rows = counts.map(row => row.reduce((sum, count) => sum + count, 0));
  const columns = counts.map((_, column) => counts.reduce((sum, row) => sum + row[column], 0));
  return {
    rows,
    columns,
    right: counts.reduce((sum, row, i) => sum + row[i], 0),
    total: rows.reduce((sum, count) => sum + count, 0),
  };
}
