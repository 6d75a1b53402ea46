/** The columns that each kind of rows has in files, and how a cell becomes a value. */
import { cellAt, MISSING, textOf } from '../readers/fields.ts';
import type { Rows } from './rows.ts';
import { isShapedKind, type ShapedKind, shapeColumns, shapeReader } from './shapes.ts';

/** What a cell says; undefined where it does not say such a thing, null where there is nothing in it. */
type Cell = (cell: unknown) => unknown;

interface Column {
  cell: Cell;
  /** What it must be, for errors. */
  wanted: string;
  /** Rows may lack it. */
  optional?: boolean;
}

const text: Column = {
  cell(cell) {
    const found = textOf(cell);
    return found?.trim() === '' ? null : found;
  },
  wanted: 'neither a text nor a list of texts',
};

const isNumber = (cell: unknown): cell is number | bigint => typeof cell === 'number' || typeof cell === 'bigint';
const isNothing = (cell: unknown): boolean => cell === null || cell === undefined;

/** A name or a number, or of any of several labels 0 or 1 each. */
const label: Column = {
  cell: cell => (Array.isArray(cell) && cell.length > 0 && cell.every(isNumber) ? cell.map(Number) : text.cell(cell)),
  wanted: 'neither a label nor a list of numbers',
};

/** A list, or a text with white space between its parts. */
const list: Column = {
  cell(cell) {
    if (isNothing(cell)) return null;
    const parts = typeof cell === 'string' ? cell.split(/\s+/).filter(part => part !== '') : cell;
    if (!Array.isArray(parts) || !parts.every(part => typeof part === 'string' || isNumber(part))) return undefined;
    return parts.length === 0 ? null : parts.map(String);
  },
  wanted: 'no list of texts or numbers',
};

/** Several texts, as a list, or as ARC has them, { text: […] }. */
const choices: Column = {
  cell(cell) {
    if (isNothing(cell)) return null;
    const given = Array.isArray(cell) ? cell : (cell as { text?: unknown }).text;
    if (!Array.isArray(given) || !given.every(one => typeof one === 'string' || isNumber(one))) return undefined;
    return given.length < 2 ? undefined : given.map(String);
  },
  wanted: 'no list of two texts or more',
};

/** As SQuAD has them, { text: […], answer_start: […] }, or as a list of { text, start }; nothing: there is no answer. */
const answers: Column = {
  cell(cell) {
    if (isNothing(cell)) return [];
    const { text: texts, answer_start: starts } = cell as Record<string, unknown>;
    const given = Array.isArray(cell)
      ? cell.map(one => [one?.text, one?.start ?? one?.answer_start] as const)
      : Array.isArray(texts) && Array.isArray(starts)
        ? texts.map((one, i) => [one, starts[i]] as const)
        : undefined;
    if (!given?.every(([one, start]) => typeof one === 'string' && isNumber(start))) return undefined;
    return given.map(([one, start]) => ({ text: one, start: Number(start) }));
  },
  wanted: 'not a list of answers with a text and a start each',
};

/** A path, a `data:` URL, or as Hugging Face's datasets have it, { bytes, path }; bytes become base64. */
const image: Column = {
  cell(cell) {
    if (isNothing(cell) || cell === '') return null;
    if (typeof cell === 'string') return { path: cell };
    const bytes = base64Of(cell);
    if (bytes !== undefined) return { base64: bytes };
    const { bytes: inner, path } = cell as { bytes?: unknown; path?: unknown };
    const held = isNothing(inner) ? undefined : base64Of(inner);
    if (held !== undefined) return typeof path === 'string' ? { base64: held, path } : { base64: held };
    return isNothing(inner) && typeof path === 'string' ? { path } : undefined;
  },
  wanted: 'neither a path, a data: URL nor { bytes, path }',
};

/** Bytes, or numbers in place of them, as base64. */
function base64Of(cell: unknown): string | undefined {
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64');
  return Array.isArray(cell) && cell.every(isNumber) ? Buffer.from(cell.map(Number)).toString('base64') : undefined;
}

const oneAnswer: Column = { cell: text.cell, wanted: 'no answer' };

/** A name or a number; yes and no have the names that JSON gives them. */
const oneLabel: Column = { cell: text.cell, wanted: 'no label', optional: true };

export const COLUMNS = {
  text: { text },
  triplet: { anchor: text, positive: text, negative: { ...text, optional: true } },
  translation: { source: text, target: text },
  labelled: { text, pair: { ...text, optional: true }, label },
  tagged: { tokens: list, tags: list },
  reading: { question: text, context: text, answers },
  choice: { question: text, choices, answer: oneAnswer, context: { ...text, optional: true } },
  image: { image, text: { ...text, optional: true }, label: oneLabel },
} as const satisfies Partial<Record<keyof Rows, Readonly<Record<string, Column>>>>;

type ColumnKind = keyof typeof COLUMNS;
/** Kinds of rows that files can hold, told apart by their columns. */
export type FileRowKind = ColumnKind | ShapedKind;
export const isFileRowKind = (kind: string): kind is FileRowKind => Object.hasOwn(COLUMNS, kind) || isShapedKind(kind);

/** All columns that rows of the kind may have. */
export const columnsOf = (kind: FileRowKind): string[] =>
  isShapedKind(kind) ? shapeColumns(kind) : Object.keys(COLUMNS[kind]);

/** What is wrong with a row whose columns are right one by one. */
const CHECKS: Partial<Record<ColumnKind, (row: Record<string, unknown>) => string | undefined>> = {
  tagged({ tokens, tags }) {
    const [words, given] = [(tokens as unknown[]).length, (tags as unknown[]).length];
    return words === given ? undefined : `${words} words and ${given} tags`;
  },
};

/** `shape`: what its columns say that it is, where a kind of rows may have several. */
export type ReadRow =
  | { row: Record<string, unknown>; shape?: string }
  | { row?: undefined; missing?: string; problem: string };

export interface RowReader {
  /** The columns that must be there, as the files call them. */
  readonly paths: readonly string[];
  /** Those that may be there. */
  readonly optionalPaths: readonly string[];
  /** All columns are read. Default false. */
  readonly every?: boolean;
  read(record: object): ReadRow;
}

/**
 * @param columns what the files call the columns, where it is another name
 * @param needed columns that rows may lack otherwise
 */
export function rowReader(
  kind: FileRowKind,
  columns: Readonly<Record<string, string>>,
  needed: readonly string[] = [],
): RowReader {
  if (isShapedKind(kind)) return { paths: [], ...shapeReader(kind, columns) };
  const parts = Object.entries<Column>(COLUMNS[kind]).map(([name, column]) => ({
    name,
    ...column,
    isNeeded: !column.optional || name in columns || needed.includes(name),
    path: columns[name] ?? name,
  }));
  return {
    paths: parts.filter(({ isNeeded }) => isNeeded).map(({ path }) => path),
    optionalPaths: parts.filter(({ isNeeded }) => !isNeeded).map(({ path }) => path),
    read(record) {
      const row: Record<string, unknown> = {};
      for (const { name, isNeeded, path, cell, wanted } of parts) {
        const found = cellAt(record, path);
        if (found === MISSING) {
          if (isNeeded) return { missing: path, problem: `no column '${path}'` };
          continue;
        }
        const value = cell(found);
        if (value === undefined) {
          if (isNeeded) return { problem: `column '${path}' is ${wanted}` };
        } else if (value !== null) row[name] = value;
        else if (isNeeded) return { problem: `column '${path}' is empty` };
      }
      const problem = CHECKS[kind]?.(row);
      return problem === undefined ? { row } : { problem };
    },
  };
}
