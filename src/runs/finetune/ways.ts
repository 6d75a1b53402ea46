/** What is trained on each kind of rows. */
import type { FileRowKind } from '../../data/rows/columns.ts';
import type { Rows } from '../../data/rows/rows.ts';
import type { Family } from '../../models/family.ts';
import { answered, taught } from '../../objectives/conversations.ts';
import { classesFor, type ObjectiveName } from '../../objectives/index.ts';
import { usageError } from '../../support/errors.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';

interface Way<Kind extends FileRowKind> {
  objective: ObjectiveName;
  /** Tokens of a row, as the model reads it. */
  lengthOf(row: Rows[Kind], tokenizer: Tokenizer): number;
  /** The share of the usual learning rate. Default 1. */
  rate?: number;
  /** Rows of an update. Default 16. */
  batchSize?: number;
  /** Whether a row is a conversation, which a chat template renders. */
  isChat?(row: Rows[Kind]): boolean;
  /** Labels of a row: they name the outputs of a new head. */
  labels?(row: Rows[Kind]): readonly (string | number)[];
}

/** Tokens of texts that are read together. */
const together =
  <Row>(texts: (row: Row) => readonly [text: string, pair?: string]) =>
  (row: Row, tokenizer: Tokenizer): number => {
    const [text, pair] = texts(row);
    return tokenizer.encode(text, { pair }).length;
  };

/** Preferences change a model that answers already, and little of it. */
const LITTLE = 0.1;

type Ways = { [Kind in FileRowKind]?: Way<Kind> };

const ways: Ways = {
  labelled: {
    objective: 'sequence-classification',
    lengthOf: together(({ text, pair }) => [text, pair]),
    labels: ({ label }) => (typeof label === 'object' ? label.flatMap((flag, i) => (flag ? [i] : [])) : [label]),
  },
  tagged: {
    objective: 'token-classification',
    lengthOf: together(({ tokens }) => [tokens.join(' ')]),
    labels: ({ tags }) => tags,
  },
  reading: { objective: 'question-answering', lengthOf: together(({ question, context }) => [question, context]) },
  choice: {
    objective: 'multiple-choice',
    lengthOf: ({ question, choices, context }, tokenizer) =>
      Math.max(
        ...choices.map(choice => {
          const [text, pair] = context === undefined ? [question, choice] : [context, `${question} ${choice}`];
          return tokenizer.encode(text, { pair }).length;
        }),
      ),
    batchSize: 8,
  },
  translation: { objective: 'seq2seq', lengthOf: together(({ source }) => [source]) },
  triplet: { objective: 'contrastive', lengthOf: together(({ anchor }) => [anchor]) },
  instruction: {
    objective: 'instruction',
    lengthOf: (row, tokenizer) => taught(tokenizer, row, 'auto').ids.length,
    isChat: row => 'messages' in row || ('prompt' in row && typeof row.prompt !== 'string'),
  },
  preference: {
    objective: 'dpo',
    lengthOf: ({ prompt, chosen, rejected, tools }, tokenizer) =>
      Math.max(...[chosen, rejected].map(answer => answered(tokenizer, prompt, answer, tools).ids.length)),
    rate: LITTLE,
    batchSize: 8,
    isChat: ({ prompt }) => typeof prompt !== 'string',
  },
  feedback: {
    objective: 'kto',
    lengthOf: ({ prompt, completion, tools }, tokenizer) => answered(tokenizer, prompt, completion, tools).ids.length,
    rate: LITTLE,
    isChat: ({ prompt }) => typeof prompt !== 'string',
  },
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
