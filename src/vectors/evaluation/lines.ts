/** Lines of evaluation files, with errors that name the line. */
import { readTextFile } from '../../support/encoding/text-file.ts';
import { UserError } from '../../support/errors.ts';

/** The lines of a small text file, in any encoding, packed or not. */
export async function linesOf(path: string): Promise<string[]> {
  const parts: Uint8Array[] = [];
  for await (const bytes of readTextFile(path)) parts.push(bytes);
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
}

/** @param index of the line, from 0 */
export const badLine = (path: string, index: number, what: string): UserError =>
  new UserError('TSLM_BAD_LINE', `${path}: line ${index + 1}: ${what}`, { hint: 'correct the line, or remove it' });
