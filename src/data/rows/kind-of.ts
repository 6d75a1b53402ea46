/** What kind of rows records are, by the names of their columns and what stands in them. */
import { usageError } from '../../support/errors.ts';
import type { FileRowKind } from './columns.ts';
import { hasShape, type ShapedKind, shapeColumns, shapesOf } from './shapes.ts';

export interface Recognised {
  kind: FileRowKind;
  /** What the files call the columns, where it is another name. */
  columns: Record<string, string>;
}

type Names = Record<string, readonly string[]>;

/** Other names that columns have in published data, the usual one first. */
const NAMES = {
  reading: { question: ['question'], context: ['context', 'passage'], answers: ['answers'] },
  choice: {
    question: ['question', 'sent1', 'premise', 'startphrase'],
    choices: ['choices', 'options', 'endings'],
    answer: ['answer', 'label', 'answerKey'],
    context: ['context', 'article', 'passage'],
  },
  tagged: { tokens: ['tokens', 'words'], tags: ['tags', 'ner_tags', 'pos_tags', 'labels'] },
  triplet: { anchor: ['anchor'], positive: ['positive'], negative: ['negative'] },
  translation: { source: ['source', 'src'], target: ['target', 'tgt'] },
  labelled: {
    text: ['text', 'sentence', 'sentence1', 'premise', 'review', 'content', 'title', 'question'],
    pair: ['pair', 'text_pair', 'sentence2', 'hypothesis'],
    label: ['label', 'labels', 'category', 'class', 'sentiment', 'score'],
  },
} as const satisfies Partial<Record<FileRowKind, Names>>;

/** Conversations, completions, and answers that people prefer; a text alone is no task. */
const CONVERSATIONS: readonly ShapedKind[] = ['preference', 'feedback', 'chat', 'completion'];

/** Those that rows may lack. */
const OPTIONAL: Partial<Record<FileRowKind, readonly string[]>> = {
  choice: ['context'],
  labelled: ['pair'],
  triplet: ['negative'],
};
/** Columns of lists. */
const LISTS = new Set(['tokens', 'tags', 'choices']);

/**
 * @param records the first ones
 * @param given what columns are called, where a person says it
 * @throws UserError that names the columns there are and those that would be understood
 */
export function kindOf(
  records: readonly Record<string, unknown>[],
  where: string,
  given: Readonly<Record<string, string>> = {},
): Recognised {
  const found = new Set(records.flatMap(Object.keys));
  const shaped = CONVERSATIONS.find(
    kind =>
      Object.keys(given).every(name => shapeColumns(kind).includes(name)) &&
      records.every(record => hasShape(kind, record, given)),
  );
  if (shaped) return { kind: shaped === 'chat' || shaped === 'completion' ? 'instruction' : shaped, columns: {} };
  for (const [kind, names] of Object.entries(NAMES) as [FileRowKind, Names][]) {
    const columns = Object.keys(given).every(name => name in names)
      ? columnsFor({ names, optional: OPTIONAL[kind] ?? [] }, found, records, given)
      : undefined;
    if (columns) return { kind, columns };
  }
  const wanted = [
    ...CONVERSATIONS.flatMap(shapesOf),
    ...(Object.entries(NAMES) as [FileRowKind, Names][]).map(([kind, names]) =>
      Object.keys(names)
        .filter(name => !OPTIONAL[kind]?.includes(name))
        .join(' + '),
    ),
  ];
  throw usageError(
    'TSLM_NO_KIND',
    `${where}: columns ${[...found].slice(0, 20).join(', ')} are no kind of rows that is known`,
    `wanted are ${wanted.join('; ')}; other names by --columns label=stars`,
  );
}

function columnsFor(
  { names, optional }: { names: Names; optional: readonly string[] },
  found: ReadonlySet<string>,
  records: readonly Record<string, unknown>[],
  given: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const columns: Record<string, string> = {};
  for (const [name, candidates] of Object.entries(names)) {
    const isFit = (candidate: string): boolean => found.has(candidate) && isOf(name, records, candidate);
    const column = (name in given ? [given[name]] : candidates).find(isFit);
    if (column === undefined && !optional.includes(name)) return undefined;
    if (column !== undefined && column !== name) columns[name] = column;
  }
  return columns;
}

/** Words and tags are lists; a label of any of several is one as well. */
function isOf(name: string, records: readonly Record<string, unknown>[], column: string): boolean {
  return !LISTS.has(name) || records.every(record => Array.isArray(record[column]));
}
