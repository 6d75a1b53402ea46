/** Reading Parquet. */
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import { explainFileError, messageOf, UserError } from '../../support/errors.ts';
import { addBadRecord, type SourceFacts } from './facts.ts';
import { type FieldReader, isRead, noColumn } from './fields.ts';
import { openColumns } from './parquet-columns.ts';

/**
 * The texts of a Parquet file, one row group at a time: memory is that of the columns read of the largest row group.
 * Throws a `UserError` when a field is missing or the file is damaged.
 */
export async function* readParquet(path: string, fields: FieldReader, facts: SourceFacts): AsyncGenerator<string> {
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const names = parquetSchema(metadata).children.map(child => child.element.name);
    const wanted = names.filter(name => isRead(fields, name));
    const missing = fields.paths.find(path => !wanted.some(name => path === name || path.startsWith(`${name}.`)));
    if (missing !== undefined) throw noColumn(missing, Object.fromEntries(names.map(name => [name, null])), facts.path);
    if (wanted.length === 0) {
      throw noColumn(fields.optionalPaths![0], Object.fromEntries(names.map(name => [name, null])), facts.path);
    }
    const { ranges } = await parquetScan({ file, metadata, columns: wanted });
    const job = { path, columns: wanted, utf8: !fields.hasBytes };
    await using reader = openColumns(job, largestRange(metadata, file.byteLength));
    for (const range of ranges.keys()) {
      const columns = await reader.read(range);
      for (let row = 0; row < columns[0].length; row++) {
        facts.records++;
        const record = Object.fromEntries(wanted.map((name, i) => [name, columns[i][row]]));
        const result = fields.read(record, facts.records);
        if (result.text !== undefined) {
          yield result.text;
          continue;
        }
        if (facts.records === 1 && result.missing !== undefined) throw noColumn(result.missing, record, facts.path);
        addBadRecord(facts, { line: facts.records, problem: result.problem });
      }
    }
  } catch (error) {
    const explained = explainFileError(error, facts.path);
    if (explained !== error || error instanceof UserError) throw explained;
    throw new UserError('TSLM_BAD_PARQUET', `${facts.path}: cannot be read as Parquet: ${messageOf(error)}`, {
      hint: 'the file is cut short or not Parquet: fetch it again',
      cause: error,
    });
  }
}

/** Bytes of the largest row group without compression and of its values in memory, as far as the size of the file makes it credible. */
function largestRange({ row_groups }: FileMetaData, fileBytes: number): number {
  const sizes = row_groups.map(
    ({ total_byte_size, num_rows, columns }) =>
      Number(total_byte_size) + VALUE_BYTES * Number(num_rows) * columns.length,
  );
  return Math.min(Math.max(0, ...sizes), MOST_COMPRESSION * fileBytes);
}

const VALUE_BYTES = 16;
const MOST_COMPRESSION = 256;
