/** The first stage of `prepare`: reads and cleans everything, and removes exact duplicates. */
import { UserError } from '../../support/errors.ts';
import { failureOf, failureOfRecords } from '../readers/facts.ts';
import { readChunks } from '../readers/read.ts';
import { Collector, examineRequests } from './collect.ts';
import type { Preparation } from './preparation.ts';
import type { PrepareRequest } from './prepare-jobs.ts';
import type { PrepareReport } from './report.ts';
import { SpoolWriter } from './spool.ts';

/**
 * Fills the spool; gives the number of documents in it.
 *
 * @throws UserError when a named file cannot be read, or nothing is left
 */
export async function readDocuments(preparation: Preparation): Promise<number> {
  const { files, options, report } = preparation;
  const writer = new SpoolWriter(preparation.work);
  try {
    const collector = new Collector(writer, report, { dedup: options.dedup, bands: preparation.bands?.bands ?? 0 });
    const chunks = readChunks(files, report.sources, {
      ...options,
      exact: !options.clean,
      temporaryFolder: preparation.work,
    });
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const judgeRepetition = (source: number): boolean => files[source].format !== 'code';
    for await (const answer of preparation.pool.map(examineRequests(chunks, judgeRepetition), requestBuffers)) {
      if (answer.kind !== 'examine') continue;
      for (const result of answer.results) collector.add(result);
      const read = report.sources.reduce((sum, source) => sum + source.bytesRead, 0);
      preparation.progress('reading', read, size);
    }
    writer.flush();
  } finally {
    writer.close();
  }
  judgeFiles(report, writer.count);
  return writer.count;
}

/** @throws UserError when no file was read as it should, or no document is left of those that were read */
function judgeFiles(report: PrepareReport, documents: number): void {
  for (const source of report.sources) {
    const failure = failureOfRecords(source);
    if (failure) source.failure ??= failureOf(failure);
  }
  const tried = report.sources.filter(({ skipped }) => !skipped);
  const failed = tried.flatMap(({ failure }) => failure ?? []);
  if (failed.length > 0 && (failed.length === tried.length || documents === 0)) {
    const [{ code, message, ...first }] = failed;
    const others = failed.length > 1 ? `; ${failed.length - 1} more of ${tried.length} files cannot be read` : '';
    throw new UserError(code, message + others, first);
  }
  if (documents === 0) throw nothingLeft(report);
}

/** The bytes of a request are handed over rather than copied. */
const requestBuffers = (request: PrepareRequest): ArrayBuffer[] =>
  request.kind === 'examine' ? [request.chunks[0].bytes.buffer as ArrayBuffer] : [];

function nothingLeft({ read, removed, sources }: PrepareReport): UserError {
  const reasons = Object.entries(removed).map(([reason, { documents }]) => `${documents} ${reason}`);
  for (const kind of ['binary', 'empty'] as const) {
    const skipped = sources.filter(source => source.skipped === kind).length;
    if (skipped > 0) reasons.push(`${skipped} ${kind} files`);
  }
  return new UserError(
    'TSLM_NO_DOCUMENTS',
    `no document is left of ${read.documents} that were read (${reasons.join(', ') || 'the input holds none'})`,
    { hint: 'check the input, or loosen the filters (--no-clean, --min-characters)' },
  );
}
