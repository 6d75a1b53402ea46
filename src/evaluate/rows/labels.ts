/** Labels of texts: accuracy and macro F1; F1 of any of several labels; correlation of numbers. */
import type { Rows } from '../../data/rows/rows.ts';
import { labelsOf } from '../../objectives/labels.ts';
import { classifyTexts } from '../../tasks/text-classification.ts';
import { accuracy } from '../metrics/accuracy.ts';
import { pearson, spearman } from '../metrics/correlation.ts';
import { multilabelReport, prfReport } from '../metrics/f1.ts';
import { type RowScores, type Scored, shareOf } from './row-scores.ts';

export function scoreLabels({ model, tokenizer }: Scored, rows: readonly Rows['labelled'][]): RowScores {
  const inputs = rows.map(({ text, pair }) => (pair === undefined ? text : ([text, pair] as const)));
  const { labels: found } = classifyTexts(model, tokenizer, inputs, { truncate: true });
  const { count, names, numberOf } = labelsOf(model.config);
  if (model.config.problem_type === 'regression' || count === 1) {
    const truth = rows.map(({ label }) => Number(label));
    const predicted = found.map(([{ score }]) => score);
    return {
      metrics: { spearman: spearman(truth, predicted), pearson: pearson(truth, predicted) },
      rows: rows.length,
    };
  }
  if (rows.some(({ label }) => typeof label === 'object')) {
    const truth = rows.map(({ label }) => label as readonly number[]);
    const predicted = found.map(all =>
      names.map(name => (all.find(({ label }) => label === name)!.score > 0.5 ? 1 : 0)),
    );
    const { micro, macro } = multilabelReport(truth, predicted);
    return { metrics: { microF1: micro.f1, macroF1: macro.f1 }, rows: rows.length };
  }
  const truth = rows.map(({ label }) => names[numberOf(label as string | number)]);
  return labelScores(
    truth,
    found.map(([{ label }]) => label),
  );
}

/** Of one label for each row. */
export function labelScores(truth: readonly string[], predicted: readonly string[]): RowScores {
  const right = truth.filter((label, i) => label === predicted[i]).length;
  return {
    metrics: { accuracy: accuracy(truth, predicted), macroF1: prfReport(truth, predicted).macro.f1 },
    ...shareOf(right, truth.length),
    rows: truth.length,
  };
}
