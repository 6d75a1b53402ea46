import { explainFileError } from '../support/errors.ts';
import { native } from './native.ts';

/**
 * A file's bytes without reading them: pages come in as they are touched, and the mapping ends when the array is
 * garbage. Writes to the array change only this process's copy. Throws a `UserError` that names the file.
 */
export function mapFile(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(native().mapFile(path));
  } catch (error) {
    throw explainFileError(error, path);
  }
}
