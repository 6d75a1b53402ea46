import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../support/errors.ts';
import { looksBinary, readBytes } from './bytes.ts';
import { type Chunk, packTexts } from './chunk.ts';
import { readCsv } from './csv.ts';
import { lastLineEnd } from './cut.ts';
import type { SourceFacts } from './facts.ts';
import type { InputFile } from './inputs.ts';
import { readParquet } from './parquet.ts';
import { readText } from './text.ts';

/** A line of JSON cannot be cut before it is parsed; its text can be, afterwards. */
const MAX_RECORD_BYTES = 1 << 28;

export interface ReadOptions {
  /** The column of the text in JSON lines, CSV and Parquet. */
  column: string;
  /** CSV and TSV: the first record names the columns. */
  header: boolean;
  /** What is a document in text and source code. */
  document: 'file' | 'paragraph' | 'line';
  maxDocumentBytes: number;
  /** Cut long documents only where the tokens stay as they were. */
  exact: boolean;
  /** Of text files: a label of the WHATWG Encoding Standard. */
  encoding: string;
  /** For what must be unzipped to be read. */
  temporaryFolder: string;
}

/** Reads the files one after the other; `facts[i]` is filled in as file i is read. */
export async function* readChunks(
  files: readonly InputFile[],
  facts: readonly SourceFacts[],
  options: ReadOptions,
): AsyncGenerator<Chunk> {
  for (const [source, file] of files.entries()) {
    let first = true;
    for await (const chunk of readFile(file, facts[source], options)) {
      yield { source, path: file.path, first, ...chunk };
      first = false;
    }
  }
}

type Piece = Pick<Chunk, 'layout' | 'bytes' | 'ends'>;

async function* readFile(file: InputFile, facts: SourceFacts, options: ReadOptions): AsyncGenerator<Piece> {
  if (file.format === 'parquet') {
    yield* readParquetFile(file, facts, options);
    return;
  }
  const stream = await skipUnreadable(readBytes(file, options.encoding, facts), file, facts);
  if (!stream) return;
  if (file.format === 'csv' || file.format === 'tsv') {
    const delimiter = file.format === 'csv' ? ',' : '\t';
    const cells = readCsv(stream, { column: options.column, delimiter, header: options.header }, facts);
    for await (const packed of packTexts(cells)) yield { layout: 'packed', ...packed };
  } else if (file.format === 'jsonl') {
    yield* readJsonLines(stream, file.path);
  } else {
    const layout = ({ file: 'document', paragraph: 'paragraphs', line: 'lines' } as const)[options.document];
    for await (const bytes of readText(stream, { layout, ...options })) yield { layout, bytes };
  }
}

async function* readJsonLines(stream: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Piece> {
  const pieces = readText(stream, { layout: 'json', maxDocumentBytes: MAX_RECORD_BYTES, exact: false });
  for await (const bytes of pieces) {
    // Only a line that had to be cut is so long and has no end.
    if (bytes.length > 0.99 * MAX_RECORD_BYTES && lastLineEnd(bytes) === 0) {
      throw new UserError('TSLM_LONG_RECORD', `${path}: a line is longer than ${MAX_RECORD_BYTES >> 20} MiB`, {
        hint: 'JSON lines hold one record a line; is this a single JSON document?',
      });
    }
    yield { layout: 'json', bytes };
  }
}

async function* readParquetFile(file: InputFile, facts: SourceFacts, options: ReadOptions): AsyncGenerator<Piece> {
  const unzipped = join(options.temporaryFolder, 'unzipped.parquet');
  const bytes = readBytes(file, 'utf-8', facts);
  try {
    if (file.gzip) await pipeline(bytes, createWriteStream(unzipped));
    else for await (const _ of bytes);
    const cells = readParquet(file.gzip ? unzipped : file.path, options.column, facts);
    for await (const packed of packTexts(cells)) yield { layout: 'packed', ...packed };
  } finally {
    await rm(unzipped, { force: true });
  }
}

/**
 * Looks at the beginning of a file. Undefined when it is empty or binary and was found in a folder; a `UserError` when
 * it was named.
 */
async function skipUnreadable(
  stream: AsyncGenerator<Uint8Array>,
  file: InputFile,
  facts: SourceFacts,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const beginning = await stream.next();
  const problem = beginning.done ? 'empty' : looksBinary(beginning.value) ? 'binary' : undefined;
  if (problem) {
    await stream.return(undefined);
    if (file.named) {
      const what = problem === 'empty' ? 'the file is empty' : 'a binary file, not text';
      throw new UserError(problem === 'empty' ? 'TSLM_EMPTY_FILE' : 'TSLM_BINARY_FILE', `${file.path}: ${what}`, {
        hint: 'text, source code, .jsonl, .csv, .tsv and .parquet can be read, each also gzipped',
      });
    }
    facts.skipped = problem;
    return undefined;
  }
  return (async function* () {
    yield beginning.value as Uint8Array;
    yield* stream;
  })();
}
