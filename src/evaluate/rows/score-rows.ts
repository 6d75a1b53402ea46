/** How well a model does the task of rows that it was not trained on: the field's measures for each kind of rows. */
import type { FileRowKind } from '../../data/rows/columns.ts';
import type { Rows } from '../../data/rows/rows.ts';
import { scoreAnswers } from './answers.ts';
import { scoreChoices } from './choices.ts';
import { scoreInstructions } from './instructions.ts';
import { scoreLabels } from './labels.ts';
import type { RowScores, Scored } from './row-scores.ts';
import { scoreTags } from './tags.ts';
import { scoreTranslations } from './translations.ts';

/** Kinds of rows that are scored, and how. */
const scorers: { [Kind in FileRowKind]?: (scored: Scored, rows: readonly Rows[Kind][]) => RowScores } = {
  choice: scoreChoices,
  labelled: scoreLabels,
  tagged: scoreTags,
  reading: scoreAnswers,
  translation: scoreTranslations,
  instruction: scoreInstructions,
};

/** @returns undefined for kinds of rows that have no task of their own */
export const scoreRows = <Kind extends FileRowKind>(
  kind: Kind,
  scored: Scored,
  rows: readonly Rows[Kind][],
): RowScores | undefined =>
  (scorers[kind] as ((scored: Scored, rows: readonly Rows[Kind][]) => RowScores) | undefined)?.(scored, rows);
