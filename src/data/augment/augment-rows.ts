/** Rows of JSON Lines with variants of their texts after each; all other columns stay as they are. */
import { messageOf, UserError, usageError } from '../../support/errors.ts';
import { nearest } from '../../support/nearest.ts';
import type { Tag } from './units.ts';

/** A sentence with a tag a word. */
export interface Tagged {
  tokens: string[];
  tags: Tag[];
}

/** What gives variants; a row and what is drawn for it follow from its number alone. */
export interface Augmenter {
  /** @param place the row, and which of its columns, from 0 */
  texts(text: string, count: number, place: { row: number; column: number }): string[];
  /** Absent where tags would be lost. */
  tagged?(sentence: Tagged, count: number, row: number): Tagged[];
}

export interface AugmentRowsOptions {
  /** Columns of texts, or the one of the words of a tagged sentence. */
  columns: readonly string[];
  /** The column of its tags. */
  tags?: string;
  /** Variants of a row. */
  count: number;
  /** Write the rows themselves, too. Default true. */
  originals?: boolean;
  /** Told the rows that are done. */
  onRow?: (done: number) => void;
}

export interface AugmentReport {
  rows: number;
  written: number;
  variants: number;
  /** Variants that were their row itself, and were left out. */
  unchanged: number;
}

/**
 * @param where the file, for errors
 * @throws UserError that names the row whose columns are not what they should be
 */
export function* augmentRows(
  lines: Iterable<string>,
  where: string,
  augmenter: Augmenter,
  { columns, tags, count, originals = true, onRow }: AugmentRowsOptions,
): Generator<string, AugmentReport> {
  if (tags !== undefined && columns.length !== 1) {
    throw usageError('TSLM_BAD_VALUE', 'tags are those of one column of words', 'give one --column');
  }
  if (tags !== undefined && !augmenter.tagged) {
    throw usageError('TSLM_BAD_VALUE', 'this method gives whole texts, which have no tags', 'take the method eda');
  }
  const report: AugmentReport = { rows: 0, written: 0, variants: 0, unchanged: 0 };
  for (const line of lines) {
    if (line.trim() === '') continue;
    const index = report.rows++;
    const record = parsed(line, `${where}: row ${index + 1}`);
    const before = JSON.stringify(record);
    if (originals) {
      report.written++;
      yield line;
    }
    for (const variant of variantsOf(record, index)) {
      const after = JSON.stringify({ ...record, ...variant });
      if (after === before) {
        report.unchanged++;
        continue;
      }
      report.variants++;
      report.written++;
      yield after;
    }
    onRow?.(report.rows);
  }
  if (report.rows === 0) throw new UserError('TSLM_NO_ROWS', `${where}: there are no rows in it`);
  return report;

  function variantsOf(record: Record<string, unknown>, row: number): Record<string, unknown>[] {
    const name = `${where}: row ${row + 1}`;
    if (tags !== undefined) {
      const sentence = { tokens: listAt(record, columns[0], name), tags: listAt(record, tags, name) } as Tagged;
      if (sentence.tokens.length !== sentence.tags.length) {
        throw badRow(`${name}: ${sentence.tokens.length} words and ${sentence.tags.length} tags`);
      }
      if (sentence.tokens.length === 0) return [];
      const variants = augmenter.tagged!(sentence, count, row);
      return variants.map(variant => ({ [columns[0]]: variant.tokens, [tags]: variant.tags }));
    }
    const texts = columns.map((column, i) => {
      const text = textAt(record, column, name);
      return text.trim() === '' ? [] : augmenter.texts(text, count, { row, column: i });
    });
    return Array.from({ length: Math.max(...texts.map(({ length }) => length)) }, (_, k) =>
      Object.fromEntries(columns.flatMap((column, i) => (texts[i][k] === undefined ? [] : [[column, texts[i][k]]]))),
    );
  }
}

function parsed(line: string, name: string): Record<string, unknown> {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch (error) {
    throw badRow(`${name}: no JSON: ${messageOf(error)}`);
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) throw badRow(`${name}: no JSON object`);
  return record as Record<string, unknown>;
}

function cellOf(record: Record<string, unknown>, column: string, name: string): unknown {
  if (Object.hasOwn(record, column)) return record[column];
  const names = Object.keys(record);
  const guess = nearest(column, names);
  throw usageError(
    'TSLM_NO_COLUMN',
    `${name}: no column '${column}'; there are: ${names.join(', ')}`,
    guess === undefined ? 'name the column of the text with --column' : `did you mean --column ${guess}?`,
  );
}

function textAt(record: Record<string, unknown>, column: string, name: string): string {
  const cell = cellOf(record, column, name);
  if (typeof cell === 'string') return cell;
  const hint = Array.isArray(cell) ? 'words with a tag each go with --tags COLUMN' : 'name the column of a text';
  throw usageError('TSLM_BAD_ROW', `${name}: column '${column}' is no text`, hint);
}

function listAt(record: Record<string, unknown>, column: string, name: string): unknown[] {
  const cell = cellOf(record, column, name);
  if (Array.isArray(cell) && cell.every(one => typeof one === 'string' || typeof one === 'number')) return cell;
  throw usageError('TSLM_BAD_ROW', `${name}: column '${column}' is no list of words or tags`, 'name another column');
}

const badRow = (message: string): UserError => new UserError('TSLM_BAD_ROW', message, { hint: 'repair it' });
