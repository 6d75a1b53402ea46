/** Text that commands read from a file or from standard input. */
import { describeDecision } from '../support/encoding/describe.ts';
import { UserError, usageError } from '../support/errors.ts';
import { printNote } from './print.ts';

/**
 * The text of a file, or of standard input (`-`, or no file at all), with a note on stderr where it is not plainly UTF-8.
 *
 * @param options.what it is, for error messages; default a text
 * @param options.encoding of a text that is not UTF-8; default `auto`
 */
export async function readText(
  file: string | undefined,
  { what = 'text', encoding }: { what?: 'prompt' | 'text'; encoding?: string } = {},
): Promise<string> {
  const { readTextFile } = await import('../support/encoding/text-file.ts');
  const parts: Uint8Array[] = [];
  try {
    for await (const bytes of readTextFile(file ?? '-', { encoding, onDecision: noteDecision })) parts.push(bytes);
  } catch (error) {
    if (!(error instanceof UserError && error.code === 'TSLM_UNKNOWN_ENCODING')) throw error;
    const message = error.message.replace('not UTF-8 text', `the ${what} is not UTF-8 text`);
    throw usageError(`TSLM_BAD_${what.toUpperCase()}`, message, error.hint);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Says how a text is read that is not plainly UTF-8. */
export function noteDecision(path: string, decision: Parameters<typeof describeDecision>[0]): void {
  const description = describeDecision(decision);
  if (description !== undefined) printNote(`${path}: ${description}`);
}

export const ENCODING_HELP = 'of text that is not UTF-8, such as gb18030; auto finds it out';
