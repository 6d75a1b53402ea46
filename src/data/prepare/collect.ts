/** The first half of `prepare`: documents are examined in worker threads, deduplicated, and spooled to disk. */
import { CHUNK_BYTES, type Chunk } from '../readers/chunk.ts';
import { addBadRecord } from '../readers/facts.ts';
import { HashSet } from './dedup/exact.ts';
import { DOCUMENT_WORDS, type ExamineResult } from './examine.ts';
import type { PrepareRequest } from './prepare-jobs.ts';
import { addExamined, addRemoved, type PrepareReport } from './report.ts';
import type { SpoolWriter } from './spool.ts';

/** Removed documents that are shown for each reason. */
const EXAMPLES = 3;

/** Chunks in one request, at most. */
const MAX_CHUNKS = 256;

/** Puts small chunks together into one request; their bytes share one buffer, which is handed over. */
export async function* examineRequests(
  chunks: AsyncIterable<Chunk>,
  judgeRepetition: (source: number) => boolean,
): AsyncGenerator<Extract<PrepareRequest, { kind: 'examine' }>> {
  let gathered: Chunk[] = [];
  let size = 0;
  const request = () => {
    const bytes = new Uint8Array(size);
    let offset = 0;
    const moved = gathered.map(chunk => {
      bytes.set(chunk.bytes, offset);
      offset += chunk.bytes.length;
      return { ...chunk, bytes: bytes.subarray(offset - chunk.bytes.length, offset) };
    });
    const repetition = gathered.map(({ source }) => judgeRepetition(source));
    [gathered, size] = [[], 0];
    return { kind: 'examine', chunks: moved, repetition } as const;
  };
  for await (const chunk of chunks) {
    gathered.push(chunk);
    size += chunk.bytes.length;
    if (size >= CHUNK_BYTES / 2 || gathered.length === MAX_CHUNKS) yield request();
  }
  if (gathered.length > 0) yield request();
}

/** Takes in what the workers made of the chunks, in reading order: counts, finds exact duplicates, fills the spool. */
export class Collector {
  private readonly seen: HashSet | undefined;
  private readonly spool: SpoolWriter;
  private readonly report: PrepareReport;
  private readonly bands: number;
  /** Lines seen so far in each source, for the numbers of bad lines. */
  private readonly lines: number[] = [];

  /** @param options.bands keys a document; 0 for none */
  constructor(spool: SpoolWriter, report: PrepareReport, { dedup, bands }: { dedup: boolean; bands: number }) {
    this.spool = spool;
    this.report = report;
    this.bands = bands;
    this.seen = dedup ? new HashSet() : undefined;
  }

  add(result: ExamineResult): void {
    addExamined(this.report, result);
    const source = this.report.sources[result.source];
    const lines = this.lines[result.source] ?? 0;
    for (const { line, problem } of result.bad) addBadRecord(source, { line: lines + line, problem });
    this.lines[result.source] = lines + result.lines;
    source.records += result.records;
    source.failure ??= result.failure;
    for (const [fault, { number, text }] of Object.entries(result.examples)) {
      this.report.removedExamples[fault] ??= [];
      const examples = this.report.removedExamples[fault];
      if (examples.length < EXAMPLES)
        examples.push({ path: source.path, document: source.documents + number + 1, text });
    }

    let offset = 0;
    for (let i = 0; i < result.numbers.length; i++) {
      const word = DOCUMENT_WORDS * i;
      const bytes = result.documents[word];
      const characters = result.documents[word + 1];
      const hashHigh = result.documents[word + 2];
      const hashLow = result.documents[word + 3];
      const text = result.text.subarray(offset, offset + bytes);
      offset += bytes;
      if (this.seen?.add(hashHigh, hashLow) === false) {
        addRemoved(this.report, 'exact duplicate', 1, bytes);
        continue;
      }
      const number = source.documents + result.numbers[i];
      const keys = result.keys.subarray(this.bands * i, this.bands * (i + 1));
      this.spool.add(text, { characters, hashHigh, hashLow, source: result.source, number }, keys);
    }
    source.documents += result.read.documents;
  }
}
