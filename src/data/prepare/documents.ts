/** From chunks of bytes to documents, with the faults met on the way. */
import { messageOf, type UserError, usageError } from '../../support/errors.ts';
import type { Chunk } from '../readers/chunk.ts';
import { cutPoint, forEachLine, forEachParagraph } from '../readers/cut.ts';
import type { BadRecord } from '../readers/facts.ts';
import { createFieldReader, type FieldOptions, type FieldReader, noColumn } from '../readers/fields.ts';

export interface TakeOptions extends FieldOptions {
  maxDocumentBytes: number;
  exact: boolean;
}

/** What was met while the documents were taken out of a chunk. */
export interface TakeResult {
  /** Records of JSON: lines that were not blank, elements of an array. */
  records: number;
  /** Lines of JSON in all, to count on from in the next chunk. */
  lines: number;
  /** Their `line` counts from 1 within the chunk. */
  bad: BadRecord[];
  /** The first record of the file lacks what is asked for. */
  failure?: UserError;
}

/**
 * Takes the documents out of a chunk, in order; one longer than `maxDocumentBytes` comes in pieces.
 */
export function takeDocuments(
  chunk: Chunk,
  { maxDocumentBytes, exact, ...fieldOptions }: TakeOptions,
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
  const fields = createFieldReader(fieldOptions);
  const visitRecord = (json: string): void => {
    result.records++;
    const isFirst = chunk.first && result.records === 1;
    const taken = textOfRecord(json, fields, isFirst ? chunk.path : undefined);
    if (taken.text === undefined) {
      result.failure ??= taken.failure;
      result.bad.push({ line: result.lines, problem: taken.problem });
    } else visitPieces(Buffer.from(taken.text));
  };
  if (layout === 'lines') forEachLine(bytes, visitPieces);
  else if (layout === 'paragraphs') forEachParagraph(bytes, visitPieces);
  else if (layout === 'packed') forEachEnd(chunk, visitPieces);
  else if (layout === 'json-packed') {
    forEachEnd(chunk, record => {
      result.lines++;
      visitRecord(stringOf(record));
    });
  } else if (layout === 'json') {
    forEachLine(bytes, line => {
      result.lines++;
      const json = stringOf(line);
      if (json.trim() !== '') visitRecord(json);
    });
  } else visitPieces(bytes);
  return result;
}

const stringOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

function forEachEnd({ bytes, ends = new Uint32Array(0) }: Chunk, visit: (part: Uint8Array) => void): void {
  for (const [i, end] of ends.entries()) visit(bytes.subarray(i === 0 ? 0 : ends[i - 1], end));
}

type RecordText = { text: string } | { text?: undefined; problem: string; failure?: UserError };

/** @param first the path of the file, where the record is its first and must have what is asked for */
function textOfRecord(json: string, fields: FieldReader, first: string | undefined): RecordText {
  let record: unknown;
  try {
    record = JSON.parse(json);
  } catch (error) {
    return { problem: messageOf(error) };
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return { problem: 'not a JSON object' };
  const result = fields.read(record);
  if (result.text !== undefined || first === undefined) return result;
  const { missing, problem } = result;
  const failure =
    missing === undefined
      ? usageError('TSLM_BAD_COLUMN', `${first}: ${problem}`, 'choose another --column')
      : noColumn(missing, record, first);
  return { problem, failure };
}
