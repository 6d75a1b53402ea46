/** One reader for all formats, as chunks of documents. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isDecided } from '../../support/encoding/decide.ts';
import { examineTextFile, requireDecision } from '../../support/encoding/text-file.ts';
import { UserError } from '../../support/errors.ts';
import { readArrow } from './arrow.ts';
import { looksBinary, readBytes, readRaw } from './bytes.ts';
import { type Chunk, packTexts } from './chunk.ts';
import { readCsv } from './csv.ts';
import { lastLineEnd } from './cut.ts';
import { failureOf, type SourceFacts } from './facts.ts';
import { createFieldReader, type FieldOptions, type FieldReader } from './fields.ts';
import type { InputFile } from './inputs.ts';
import { jsonKind, splitArray } from './json.ts';
import { readParquet } from './parquet.ts';
import { peek } from './peek.ts';
import { readText } from './text.ts';

/** A line of JSON cannot be cut before it is parsed; its text can be, afterwards. */
const MAX_RECORD_BYTES = 1 << 28;
/** Files with fewer blank lines than this share of their lines have one paragraph a line, as Chinese novels do. */
const MIN_BLANK_LINES = 0.01;

const READABLE =
  'text, source code, .jsonl, .json, .csv, .tsv, .parquet and .arrow can be read, each also packed (.gz, .zst)';

export interface ReadOptions extends FieldOptions {
  /** CSV and TSV: the first record names the columns. */
  header: boolean;
  /** CSV: what stands between cells. Default: a comma in `.csv`, a tab in `.tsv`. */
  delimiter?: string;
  /** What is a document in text and source code. */
  document: 'file' | 'paragraph' | 'line';
  maxDocumentBytes: number;
  /** Cut long documents only where the tokens stay as they were. */
  exact: boolean;
  /** Of text that is not UTF-8: a label of the WHATWG Encoding Standard; `auto` finds it out. */
  encoding: string;
  /** For what must be unpacked to be read. */
  temporaryFolder: string;
  /** What is read of records, in place of the text that `column` and `template` name. */
  fields?: FieldReader;
}

/**
 * Reads the files one after the other; `facts[i]` is filled in as file i is read, with its failure where it cannot be
 * read to the end. What a `.json` holds is written into `files[i].format`.
 */
export async function* readChunks(
  files: readonly InputFile[],
  facts: readonly SourceFacts[],
  options: ReadOptions,
): AsyncGenerator<Chunk> {
  const fields = options.fields ?? createFieldReader(options);
  for (const [source, file] of files.entries()) {
    let first = true;
    try {
      for await (const chunk of readFile(file, facts[source], fields, options)) {
        yield { source, path: file.path, first, ...chunk };
        first = false;
      }
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      facts[source].failure = failureOf(error);
    }
  }
}

type Piece = Pick<Chunk, 'layout' | 'bytes' | 'ends'>;

async function* readFile(
  file: InputFile,
  facts: SourceFacts,
  fields: FieldReader,
  options: ReadOptions,
): AsyncGenerator<Piece> {
  if (file.format === 'parquet' || file.format === 'arrow') {
    yield* readColumns(file, facts, fields, options);
    return;
  }
  const examined = await examineTextFile(file.path, options.encoding, file);
  const { census, decision } = examined;
  const isUtf16 = isDecided(decision) && decision.encoding.startsWith('utf-16');
  const problem = census.bytes === 0 ? 'empty' : !isUtf16 && looksBinary(census.head) ? 'binary' : undefined;
  if (problem) {
    facts.bytesRead += file.size;
    if (file.named) throw unreadable(problem, file.path);
    facts.skipped = problem;
    return;
  }
  facts.encoding = requireDecision(decision, file.path);
  const stream = readBytes(file, facts.encoding.encoding, facts);
  if (file.format === 'csv' || file.format === 'tsv') {
    const delimiter = options.delimiter ?? (file.format === 'csv' ? ',' : '\t');
    const texts = readCsv(stream, { fields, delimiter, header: options.header }, facts);
    for await (const packed of packTexts(texts)) yield { layout: 'packed', ...packed };
    return;
  }
  const { beginning, all } = await peek(stream);
  if (file.format === 'json') file.format = FORMAT_OF_JSON[jsonKind(beginning)];
  if (file.format === 'json') {
    for await (const packed of splitArray(all)) yield { layout: 'json-packed', ...packed };
  } else if (file.format === 'jsonl') {
    yield* readJsonLines(all, file.path);
  } else {
    const hasParagraphs = isUtf16
      ? /\n[ \t\r]*\n/.test(Buffer.from(beginning).toString())
      : census.blankLines > census.lines * MIN_BLANK_LINES;
    const unit = options.document === 'paragraph' && !hasParagraphs ? 'line' : options.document;
    const layout = ({ file: 'document', paragraph: 'paragraphs', line: 'lines' } as const)[unit];
    for await (const bytes of readText(all, { layout, ...options })) yield { layout, bytes };
  }
}

const FORMAT_OF_JSON = { array: 'json', lines: 'jsonl', value: 'code' } as const;

async function* readJsonLines(stream: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Piece> {
  const pieces = readText(stream, { layout: 'json', maxDocumentBytes: MAX_RECORD_BYTES, exact: false });
  for await (const bytes of pieces) {
    // Only a line that had to be cut is so long and has no end.
    if (bytes.length > 0.99 * MAX_RECORD_BYTES && lastLineEnd(bytes) === 0) {
      throw new UserError('TSLM_LONG_RECORD', `${path}: a line is longer than ${MAX_RECORD_BYTES >> 20} MiB`, {
        hint: 'JSON lines hold one record a line; an array of records is read from a .json file',
      });
    }
    yield { layout: 'json', bytes };
  }
}

async function* readColumns(
  file: InputFile,
  facts: SourceFacts,
  fields: FieldReader,
  options: ReadOptions,
): AsyncGenerator<Piece> {
  const unpacked = join(options.temporaryFolder, `unpacked.${file.format}`);
  const bytes = readRaw(file, facts);
  try {
    if (file.compression) await pipeline(bytes, createWriteStream(unpacked));
    else for await (const _ of bytes);
    const path = file.compression ? unpacked : file.path;
    const texts = file.format === 'parquet' ? readParquet(path, fields, facts) : readArrow(path, fields, facts);
    for await (const packed of packTexts(texts)) yield { layout: 'packed', ...packed };
  } finally {
    await rm(unpacked, { force: true });
  }
}

function unreadable(problem: 'empty' | 'binary', path: string): UserError {
  const isEmpty = problem === 'empty';
  const what = isEmpty ? 'the file is empty' : 'a binary file, not text';
  return new UserError(isEmpty ? 'TSLM_EMPTY_FILE' : 'TSLM_BINARY_FILE', `${path}: ${what}`, { hint: READABLE });
}
