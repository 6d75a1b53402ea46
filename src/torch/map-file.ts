/** Memory-mapped files, and what happens when they are shortened. */
import { join, sep } from 'node:path';
import { getSystemErrorName } from 'node:util';
import { explainFileError, UserError } from '../support/errors.ts';
import { isNativeLoaded, native } from './native.ts';

/**
 * A file's bytes without reading them: pages come in as they are touched, and the mapping ends when the array is
 * garbage. Writes to the array change only this process's copy. Of a file that is shortened meanwhile zeros are read, and
 * `requireWholeFiles` throws. Throws a `UserError` that names the file.
 */
export function mapFile(path: string): Uint8Array<ArrayBuffer> {
  const mapped = native().mapFile(path);
  if (typeof mapped !== 'number') return new Uint8Array(mapped);
  const code = getSystemErrorName(-mapped);
  throw explainFileError(Object.assign(new Error(`${path}: cannot be mapped (${code})`), { code }), path);
}

/** A file was shortened while it was mapped: what was computed since may rest on zeros in its place. */
export class FileChangedError extends UserError {
  readonly files: readonly string[];

  constructor(
    files: readonly string[],
    hint = 'put the whole file back and start again; a file in use is replaced by renaming another to its name',
  ) {
    super('TSLM_FILE_CHANGED', `${files.join(', ')} was shortened while it was in use`, { hint });
    this.name = 'FileChangedError';
    this.files = files;
  }
}

/**
 * Call it before results are used that rest on files that this thread has mapped.
 *
 * @param folder whose files are meant; default all. Mappings that nobody uses any more last until they are garbage
 * @throws FileChangedError when one of them was shortened; once for each file
 */
export function requireWholeFiles(folder?: string): void {
  if (!isNativeLoaded()) return;
  const all = new Set(native().shortenedFiles()); // a file may be mapped twice
  const files = [...all].filter(file => folder === undefined || file.startsWith(join(folder, sep)));
  if (files.length > 0) throw new FileChangedError(files);
}
