/** The first records of files of rows, as they are: their columns say what kind of rows these may be. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { newFacts } from '../readers/facts.ts';
import type { FieldReader } from '../readers/fields.ts';
import { findInputs } from '../readers/inputs.ts';
import { readChunks } from '../readers/read.ts';
import { plainNumbers, ROW_READING } from './file-rows.ts';

const ALL: FieldReader = { paths: [], every: true, read: record => ({ text: JSON.stringify(record, plainNumbers) }) };

/**
 * @param paths files, folders and globs
 * @throws UserError when there is no record in them
 */
export async function firstRecords(paths: readonly string[], count = 100): Promise<Record<string, unknown>[]> {
  const files = await findInputs(paths);
  const facts = files.map(({ path, size }) => newFacts(path, size));
  const temporaryFolder = mkdtempSync(join(tmpdir(), 'tslm-rows-'));
  const options = { ...ROW_READING, temporaryFolder, fields: ALL };
  const records: Record<string, unknown>[] = [];
  try {
    for await (const { layout, bytes, ends } of readChunks(files, facts, options)) {
      const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('utf8');
      const pieces = ends
        ? Array.from(ends, (end, i) => text(i === 0 ? 0 : ends[i - 1], end))
        : layout === 'json'
          ? text(0, bytes.length).split('\n')
          : [];
      for (const piece of pieces) {
        const record = parsed(piece);
        if (record) records.push(record);
        if (records.length >= count) return records;
      }
    }
  } finally {
    rmSync(temporaryFolder, { recursive: true, force: true });
  }
  const failure = facts.find(fact => fact.failure)?.failure;
  if (failure) throw new UserError(failure.code, failure.message, failure);
  if (records.length > 0) return records;
  throw new UserError('TSLM_NO_ROWS', `${paths.join(', ')}: there is no row`, {
    hint: 'rows are read from .jsonl, .json, .csv, .tsv, .parquet and .arrow',
  });
}

/** Undefined for what is no record, which reading all of them will complain of. */
function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const record: unknown = JSON.parse(json);
    return typeof record === 'object' && record !== null ? (record as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
