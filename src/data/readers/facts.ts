/** What is recorded of each file that was read, and what makes it fail. */
import type { EncodingDecision } from '../../support/encoding/decide.ts';
import { UserError } from '../../support/errors.ts';

const SHOWN = 5;
/** More bad records than this, in a file: it is not what it was taken for. */
const TOLERATED = 0.01;

export interface BadRecord {
  /** Line of the file, or number of the record in a Parquet file, from 1. */
  line: number;
  problem: string;
}

/** What is known about an input file once it was read. */
export interface SourceFacts {
  path: string;
  /** Size on disk, in bytes. */
  size: number;
  /** Of these, read so far. */
  bytesRead: number;
  /** SHA-256 of the file as it lies on disk. */
  sha256?: string;
  /** Why nothing was read, in files that were found in a folder. */
  skipped?: 'binary' | 'empty';
  /** The encoding of a text, and how it was found out. */
  encoding?: EncodingDecision;
  /** Why it was not read, or not to its end. */
  failure?: FileFailure;
  /** Lines or records looked at, in formats that have them. */
  records: number;
  badRecords: number;
  /** The first few. */
  badExamples: BadRecord[];
}

/** A `UserError` as plain data, for threads and reports. */
export type FileFailure = Pick<UserError, 'code' | 'message' | 'hint' | 'exitCode'>;

export const failureOf = ({ code, message, hint, exitCode }: FileFailure): FileFailure => ({
  code,
  message,
  hint,
  exitCode,
});

export const newFacts = (path: string, size: number): SourceFacts => ({
  path,
  size,
  bytesRead: 0,
  records: 0,
  badRecords: 0,
  badExamples: [],
});

export function addBadRecord(facts: SourceFacts, record: BadRecord): void {
  facts.badRecords++;
  if (facts.badExamples.length < SHOWN) facts.badExamples.push(record);
}

/** A failure when more than one record in a hundred was bad: then the fault is seldom in the record. */
export function failureOfRecords({ path, records, badRecords, badExamples }: SourceFacts): UserError | undefined {
  if (badRecords <= records * TOLERATED) return undefined;
  const where = badExamples.map(({ line, problem }) => `line ${line}: ${problem}`).join('; ');
  return new UserError(
    'TSLM_BAD_RECORDS',
    `${path}: ${badRecords} of ${records} records cannot be read (${where}${badRecords > SHOWN ? '; …' : ''})`,
    { hint: 'up to 1% of bad records are left out and counted; repair the file or check its format' },
  );
}
