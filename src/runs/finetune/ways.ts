/** What is trained on each kind of rows. */
import type { FileRowKind } from '../../data/rows/columns.ts';
import type { Rows } from '../../data/rows/rows.ts';
import type { Family } from '../../models/family.ts';
import { classesFor, type ObjectiveName } from '../../objectives/index.ts';
import { usageError } from '../../support/errors.ts';

interface Way<Kind extends FileRowKind> {
  objective: ObjectiveName;
  /** The texts of a row, as the model reads them. */
  texts(row: Rows[Kind]): string[];
  /** Labels of a row: they name the outputs of a new head. */
  labels?(row: Rows[Kind]): readonly (string | number)[];
}

type Ways = { [Kind in FileRowKind]?: Way<Kind> };

const ways: Ways = {
  labelled: {
    objective: 'sequence-classification',
    texts: ({ text, pair }) => (pair === undefined ? [text] : [text, pair]),
    labels: ({ label }) => (typeof label === 'object' ? label.flatMap((flag, i) => (flag ? [i] : [])) : [label]),
  },
  tagged: {
    objective: 'token-classification',
    texts: ({ tokens }) => [tokens.join(' ')],
    labels: ({ tags }) => tags,
  },
  reading: { objective: 'question-answering', texts: ({ question, context }) => [question, context] },
  translation: { objective: 'seq2seq', texts: ({ source }) => [source] },
  triplet: { objective: 'contrastive', texts: ({ anchor }) => [anchor] },
};

// biome-ignore lint/suspicious/noExplicitAny: rows of the kind that is asked for
export function wayOf(kind: FileRowKind): Way<any> {
  const way = ways[kind];
  if (way) return way;
  const known = Object.keys(ways).join(', ');
  throw usageError('TSLM_NO_KIND', `rows of the kind '${kind}' are not fine-tuned on`, `these are: ${known}`);
}

/** @throws UserError for kinds of rows that are not fine-tuned on by themselves */
export function requireWay(kind: FileRowKind): asserts kind is Exclude<FileRowKind, 'image'> {
  wayOf(kind);
}

/**
 * The class of a family that is trained: the folder's own where it has the head, else the family's first one that has.
 *
 * @throws UserError when the family has none
 */
export function classFor(family: Family, own: string | undefined, objective: ObjectiveName): string {
  const classes = classesFor(family, objective);
  if (own !== undefined && classes.includes(own)) return own;
  if (classes.length > 0) return classes[0];
  throw usageError(
    'TSLM_UNFIT_OBJECTIVE',
    `a ${family.modelType} model has no head for '${objective}', which these rows ask for`,
    'docs/OBJECTIVES.md lists the families that have',
  );
}
