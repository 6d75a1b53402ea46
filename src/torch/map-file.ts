import { getSystemErrorName } from 'node:util';
import { explainFileError } from '../support/errors.ts';
import { native } from './native.ts';

/**
 * A file's bytes without reading them: pages come in as they are touched, and the mapping ends when the array is
 * garbage. Writes to the array change only this process's copy. Throws a `UserError` that names the file.
 */
export function mapFile(path: string): Uint8Array<ArrayBuffer> {
  const mapped = native().mapFile(path);
  if (typeof mapped !== 'number') return new Uint8Array(mapped);
  const code = getSystemErrorName(-mapped);
  throw explainFileError(Object.assign(new Error(`${path}: cannot be mapped (${code})`), { code }), path);
}
