import { messageOf, usageError } from '../support/errors.ts';
import type { Chunk } from './readers/chunk.ts';
import { requireColumn, textOf } from './readers/column.ts';
import { cutPoint, forEachLine, forEachParagraph } from './readers/cut.ts';
import type { BadRecord } from './readers/facts.ts';

export interface TakeOptions {
  /** The column of the text in JSON lines. */
  column: string;
  maxDocumentBytes: number;
  exact: boolean;
}

/** What was met while the documents were taken out of a chunk. */
export interface TakeResult {
  /** Lines of JSON that were not blank. */
  records: number;
  /** Lines of JSON in all, to count on from in the next chunk. */
  lines: number;
  /** Their `line` counts from 1 within the chunk. */
  bad: BadRecord[];
}

/**
 * Takes the documents out of a chunk, in order; one longer than `maxDocumentBytes` comes in pieces.
 * Throws a `UserError` when the first JSON record of a file has no such column.
 */
export function takeDocuments(
  chunk: Chunk,
  { column, maxDocumentBytes, exact }: TakeOptions,
  visit: (document: Uint8Array) => void,
): TakeResult {
  const { bytes, layout } = chunk;
  const result: TakeResult = { records: 0, lines: 0, bad: [] };
  const visitPieces = (document: Uint8Array): void => {
    let rest = document;
    while (rest.length > maxDocumentBytes) {
      const end = cutPoint(rest, maxDocumentBytes, { exact });
      visit(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
    visit(rest);
  };
  if (layout === 'lines') forEachLine(bytes, visitPieces);
  else if (layout === 'paragraphs') forEachParagraph(bytes, visitPieces);
  else if (layout === 'packed') {
    chunk.ends?.forEach((end, i, ends) => {
      visitPieces(bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
    });
  } else if (layout === 'json') {
    forEachLine(bytes, line => {
      result.lines++;
      const json = Buffer.from(line.buffer, line.byteOffset, line.length).toString();
      if (json.trim() === '') return;
      result.records++;
      const { text, problem } = textOfRecord(
        json,
        column,
        chunk.first && result.records === 1 ? chunk.path : undefined,
      );
      if (text === undefined) result.bad.push({ line: result.lines, problem });
      else visitPieces(Buffer.from(text));
    });
  } else visitPieces(bytes);
  return result;
}

type RecordText = { text: string; problem?: undefined } | { text?: undefined; problem: string };

/** @param required the path of the file, where the record must have the column */
function textOfRecord(json: string, column: string, required: string | undefined): RecordText {
  let record: unknown;
  try {
    record = JSON.parse(json);
  } catch (error) {
    return { problem: messageOf(error) };
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return { problem: 'not a JSON object' };
  if (!Object.hasOwn(record, column)) {
    if (required !== undefined) requireColumn(column, Object.keys(record), required);
    return { problem: `no column '${column}'` };
  }
  const text = textOf((record as Record<string, unknown>)[column]);
  if (text !== undefined) return { text };
  const problem = `column '${column}' is neither a text nor a list of texts`;
  if (required !== undefined) throw usageError('TSLM_BAD_COLUMN', `${required}: ${problem}`, 'choose another --column');
  return { problem };
}
