/** Labels of texts: accuracy and macro F1; F1 of any of several labels; correlation of numbers. */
import type { Rows } from '../../data/rows/rows.ts';
import { labelsOf } from '../../objectives/labels.ts';
import { classifyTexts } from '../../tasks/text-classification.ts';
import { accuracy } from '../metrics/accuracy.ts';
import { pearson, spearman } from '../metrics/correlation.ts';
import { multilabelReport, prfReport } from '../metrics/f1.ts';
import { areRelations, relationF1 } from '../metrics/relation-f1.ts';
import { bootstrapInterval } from '../statistics/bootstrap.ts';
import { type RowScores, type Scored, shareOf } from './row-scores.ts';

export function scoreLabels({ model, tokenizer }: Scored, rows: readonly Rows['labelled'][]): RowScores {
  const inputs = rows.map(({ text, pair }) => (pair === undefined ? text : ([text, pair] as const)));
  const { labels: found } = classifyTexts(model, tokenizer, inputs, { truncate: true });
  const { count, names, numberOf } = labelsOf(model.config);
  if (model.config.problem_type === 'regression' || count === 1) {
    return numberScores(
      rows.map(({ label }) => Number(label)),
      found.map(([{ score }]) => score),
    );
  }
  if (rows.some(({ label }) => typeof label === 'object')) {
    const truth = rows.map(({ label }) => label as readonly number[]);
    const predicted = found.map(all =>
      names.map(name => (all.find(({ label }) => label === name)!.score > 0.5 ? 1 : 0)),
    );
    const { micro, macro } = multilabelReport(truth, predicted);
    return {
      metrics: { microF1: micro.f1, macroF1: macro.f1 },
      interval: bootstrapInterval(
        rows.length,
        items => multilabelReport(at(truth, items), at(predicted, items)).micro.f1,
      ),
      rows: rows.length,
    };
  }
  const truth = rows.map(({ label }) => names[numberOf(label as string | number)]);
  return labelScores(
    truth,
    found.map(([{ label }]) => label),
  );
}

const at = <T>(values: readonly T[], items: Uint32Array): T[] => Array.from(items, i => values[i]);

/** Of one number for each row. */
export function numberScores(truth: readonly number[], predicted: readonly number[]): RowScores {
  const correlation = (of: typeof pearson) => (items: Uint32Array) => of(at(truth, items), at(predicted, items));
  return {
    metrics: { spearman: spearman(truth, predicted), pearson: pearson(truth, predicted) },
    intervals: {
      spearman: bootstrapInterval(truth.length, correlation(spearman)),
      pearson: bootstrapInterval(truth.length, correlation(pearson)),
    },
    rows: truth.length,
  };
}

/** Of one label for each row. */
export function labelScores(truth: readonly string[], predicted: readonly string[]): RowScores {
  const { name, of } = areRelations([...truth, ...predicted]) ? RELATION_F1 : MACRO_F1;
  return {
    metrics: { accuracy: accuracy(truth, predicted), [name]: of(truth, predicted) },
    ...shareOf(truth.map((label, i) => label === predicted[i])),
    intervals: { [name]: bootstrapInterval(truth.length, items => of(at(truth, items), at(predicted, items))) },
    rows: truth.length,
  };
}

const MACRO_F1 = {
  name: 'macroF1',
  of: (truth: readonly string[], predicted: readonly string[]): number => prfReport(truth, predicted).macro.f1,
};
const RELATION_F1 = { name: 'relationF1', of: relationF1 };
