/** How well a model does the task of rows that it was not trained on: the field's measures for each kind of rows. */
import type { FileRowKind } from '../../data/rows/columns.ts';
import type { Rows } from '../../data/rows/rows.ts';
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { wilson } from '../statistics/intervals.ts';
import { scoreAnswers } from './answers.ts';
import { scoreLabels } from './labels.ts';
import { scoreTags } from './tags.ts';
import { scoreTranslations } from './translations.ts';

export interface RowScores {
  /** By name, the one that decides first; shares are between 0 and 1. */
  metrics: Record<string, number>;
  /** Of the first metric with 95 % confidence, where it is a share of the rows. */
  interval?: readonly [low: number, high: number];
  rows: number;
}

export interface Scored {
  model: Model;
  tokenizer: Tokenizer;
}

/** Kinds of rows that are scored, and how. */
const scorers: { [Kind in FileRowKind]?: (scored: Scored, rows: readonly Rows[Kind][]) => RowScores } = {
  labelled: scoreLabels,
  tagged: scoreTags,
  reading: scoreAnswers,
  translation: scoreTranslations,
};

/** @returns undefined for kinds of rows that have no task of their own */
export const scoreRows = <Kind extends FileRowKind>(
  kind: Kind,
  scored: Scored,
  rows: readonly Rows[Kind][],
): RowScores | undefined =>
  (scorers[kind] as ((scored: Scored, rows: readonly Rows[Kind][]) => RowScores) | undefined)?.(scored, rows);

/** The share of rows that are right, with its interval. */
export const shareOf = (right: number, rows: number): Pick<RowScores, 'interval'> => ({
  interval: wilson(right, rows),
});
