/** Reading Arrow files and streams. */
import { tableFromIPC } from '@uwdata/flechette';
import { explainFileError, messageOf, UserError } from '../../support/errors.ts';
import { mapFile } from '../../torch/map-file.ts';
import { addBadRecord, type SourceFacts } from './facts.ts';
import { type FieldReader, isRead, noColumn } from './fields.ts';

/**
 * The texts of an Arrow file or stream, as `save_to_disk` of Hugging Face's datasets writes them. The file is memory-mapped.
 * Throws a `UserError` when a field is missing or the file is damaged.
 */
export function* readArrow(path: string, fields: FieldReader, facts: SourceFacts): Generator<string> {
  try {
    const table = tableFromIPC(mapFile(path), { useProxy: false });
    const names = table.schema.fields.map(field => field.name);
    const wanted = names.filter(name => isRead(fields, name));
    const cellOf = (value: unknown): unknown => plain(value, fields.hasBytes);
    const columns = wanted.map(name => [name, table.getChild(name)!] as const);
    for (let row = 0; row < table.numRows; row++) {
      facts.records++;
      const record = Object.fromEntries(columns.map(([name, column]) => [name, cellOf(column.at(row))]));
      const result = fields.read(record, facts.records);
      if (result.text !== undefined) {
        yield result.text;
        continue;
      }
      if (row === 0 && result.missing !== undefined) {
        const all = Object.fromEntries(names.map(name => [name, cellOf(table.getChild(name)!.at(0))]));
        throw noColumn(result.missing, all, facts.path);
      }
      addBadRecord(facts, { line: facts.records, problem: result.problem });
    }
  } catch (error) {
    const explained = explainFileError(error, facts.path);
    if (explained !== error || error instanceof UserError) throw explained;
    throw new UserError('TSLM_BAD_ARROW', `${facts.path}: cannot be read as Arrow: ${messageOf(error)}`, {
      hint: 'the file is cut short or not Arrow; files with compressed buffers can be saved as Parquet',
      cause: error,
    });
  }
}

/** Lists of Arrow as arrays, and bytes too unless they are wanted as they are. */
function plain(value: unknown, keepsBytes = false): unknown {
  if (Array.isArray(value)) return value.map(one => plain(one, keepsBytes));
  if (typeof value !== 'object' || value === null || (keepsBytes && value instanceof Uint8Array)) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (Symbol.iterator in value) return Array.from(value as Iterable<unknown>, one => plain(one, keepsBytes));
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field, keepsBytes)]));
}
