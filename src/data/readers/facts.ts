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
  /** Why nothing was read. */
  skipped?: 'binary' | 'empty';
  /** Lines or records looked at, in formats that have them. */
  records: number;
  badRecords: number;
  /** The first few. */
  badExamples: BadRecord[];
}

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

/** Throws a `UserError` when more than one record in a hundred was bad: then the fault is seldom in the record. */
export function refuseBadFile({ path, records, badRecords, badExamples }: SourceFacts): void {
  if (badRecords <= records * TOLERATED) return;
  const where = badExamples.map(({ line, problem }) => `line ${line}: ${problem}`).join('; ');
  throw new UserError(
    'TSLM_BAD_RECORDS',
    `${path}: ${badRecords} of ${records} records cannot be read (${where}${badRecords > SHOWN ? '; …' : ''})`,
    { hint: 'up to 1% of bad records are left out and counted; repair the file or check its format' },
  );
}
