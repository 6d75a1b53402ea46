/** Precision, recall and F1 of each label, and their means (van Rijsbergen 1979), as scikit-learn computes them; 0 / 0 is 0. */
import { confusion, type Label, marginsOf } from './confusion.ts';

export interface Prf {
  precision: number;
  recall: number;
  f1: number;
}

export interface PrfReport {
  /** Of each label, in order. */
  labels: readonly Label[];
  perLabel: (Prf & { support: number })[];
  /** Of all decisions together. */
  micro: Prf;
  /** Mean over the labels. */
  macro: Prf;
  /** Mean over the labels by how often each is true. */
  weighted: Prf;
}

export const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

export const prf = (right: number, predicted: number, there: number): Prf => ({
  precision: ratio(right, predicted),
  recall: ratio(right, there),
  f1: ratio(2 * right, predicted + there),
});

/** One label for each item. */
export function prfReport(truth: readonly Label[], predicted: readonly Label[], labels?: readonly Label[]): PrfReport {
  const table = confusion(truth, predicted, labels);
  const { rows, columns } = marginsOf(table);
  return reportOf(
    table.labels,
    table.counts.map((row, i) => ({ right: row[i], predicted: columns[i], there: rows[i] })),
  );
}

/** Any number of labels for each item: 0 or 1 for each label. */
export function multilabelReport(
  truth: readonly (readonly number[])[],
  predicted: readonly (readonly number[])[],
): PrfReport {
  const labels = (truth[0] ?? []).map((_, label) => label);
  const count = (test: (item: number, label: number) => boolean, label: number): number =>
    truth.reduce((sum, _, item) => sum + (test(item, label) ? 1 : 0), 0);
  return reportOf(
    labels,
    labels.map(label => ({
      right: count((item, l) => truth[item][l] === 1 && predicted[item][l] === 1, label),
      predicted: count((item, l) => predicted[item][l] === 1, label),
      there: count((item, l) => truth[item][l] === 1, label),
    })),
  );
}

/** F1 of one label against all others. */
export function binaryF1(truth: readonly Label[], predicted: readonly Label[], positive: Label = 1): number {
  const count = (test: (i: number) => boolean): number =>
    truth.reduce<number>((sum, _, i) => sum + (test(i) ? 1 : 0), 0);
  const right = count(i => truth[i] === positive && predicted[i] === positive);
  return prf(
    right,
    count(i => predicted[i] === positive),
    count(i => truth[i] === positive),
  ).f1;
}

export interface Counts {
  right: number;
  predicted: number;
  there: number;
}

export function reportOf(labels: readonly Label[], counts: readonly Counts[]): PrfReport {
  const perLabel = counts.map(({ right, predicted, there }) => ({ ...prf(right, predicted, there), support: there }));
  const sum = (value: (count: Counts) => number): number => counts.reduce((total, count) => total + value(count), 0);
  const micro = prf(
    sum(({ right }) => right),
    sum(({ predicted }) => predicted),
    sum(({ there }) => there),
  );
  return {
    labels,
    perLabel,
    micro,
    macro: mean(perLabel, () => 1),
    weighted: mean(perLabel, ({ support }) => support),
  };
}

function mean(all: PrfReport['perLabel'], weight: (one: PrfReport['perLabel'][number]) => number): Prf {
  const total = all.reduce((sum, one) => sum + weight(one), 0);
  const of = (key: keyof Prf): number =>
    ratio(
      all.reduce((sum, one) => sum + weight(one) * one[key], 0),
      total,
    );
  return { precision: of('precision'), recall: of('recall'), f1: of('f1') };
}
