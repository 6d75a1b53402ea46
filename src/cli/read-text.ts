import { explainFileError, usageError } from '../support/errors.ts';

/**
 * The text of a file, or of standard input (`-`, or no file at all).
 *
 * @param what it is, for error messages
 */
export async function readText(file: string | undefined, what: 'prompt' | 'text'): Promise<string> {
  const { buffer } = await import('node:stream/consumers');
  const { createReadStream } = await import('node:fs');
  const isStdin = file === undefined || file === '-';
  const bytes = await buffer(isStdin ? process.stdin : createReadStream(file)).catch(error => {
    throw explainFileError(error, file);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const where = isStdin ? 'standard input' : file;
    const code = `TSLM_BAD_${what.toUpperCase()}`;
    throw usageError(code, `${where}: the ${what} is not UTF-8 text`, 'convert it with iconv');
  }
}
