import { asyncBufferFromFile, parquetMetadataAsync, parquetScan, parquetSchema } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { explainFileError, messageOf, UserError } from '../../support/errors.ts';
import { requireColumn, textOf } from './column.ts';
import { addBadRecord, type SourceFacts } from './facts.ts';

/**
 * The cells of one column of a Parquet file, one row group at a time: memory is that of the largest row group's column.
 * Throws a `UserError` when there is no such column or the file is damaged.
 */
export async function* readParquet(path: string, column: string, facts: SourceFacts): AsyncGenerator<string> {
  const damaged = (error: unknown): unknown => {
    const explained = explainFileError(error, facts.path);
    if (explained !== error || error instanceof UserError) return explained;
    return new UserError('TSLM_BAD_PARQUET', `${facts.path}: cannot be read as Parquet: ${messageOf(error)}`, {
      hint: 'the file is cut short or not Parquet: fetch it again',
      cause: error,
    });
  };
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(file);
    const columns = parquetSchema(metadata).children.map(child => child.element.name);
    requireColumn(column, columns, facts.path);
    const scan = await parquetScan({ file, metadata, columns: [column], compressors });
    for (const range of scan.ranges) {
      for (const cell of await scan.readColumn({ column, ...range })) {
        facts.records++;
        const text = textOf(cell);
        if (text === undefined) addBadRecord(facts, { line: facts.records, problem: `column '${column}' is not text` });
        else yield text;
      }
    }
  } catch (error) {
    throw damaged(error);
  }
}
