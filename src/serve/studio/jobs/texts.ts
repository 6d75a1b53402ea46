/** A text that somebody has pasted into the page becomes a file that commands can read. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isErrno, namingFile, usageError } from '../../../support/errors.ts';
import { makeFolder } from '../../../support/files.ts';
import { parseOptions } from '../../../support/schema.ts';
import { pathInside } from './inside.ts';

const textSchema = z.strictObject({
  name: z.string().regex(/^[\p{L}\p{N}_][\p{L}\p{N}_ -]{0,60}$/u, 'letters, digits, spaces and - alone'),
  text: z.string().min(1, 'is empty').max(20e6, 'at most 20 million characters'),
});

/** @returns path of the new file, from the folder on @throws UserError when there is one of that name */
export function addText(folder: string, body: unknown): string {
  const { name, text } = parseOptions(textSchema, body, 'request');
  const path = pathInside(folder, join('texts', `${name}.txt`), { mustExist: false });
  const taken = () => usageError('TSLM_EEXIST', `${path}: there is a file already`, 'give another name');
  if (existsSync(join(folder, path))) throw taken();
  makeFolder(join(folder, 'texts'));
  try {
    namingFile(path, () => writeFileSync(join(folder, path), text, { flag: 'wx' }));
  } catch (error) {
    if (isErrno(error, 'EEXIST')) throw taken();
    throw error;
  }
  return path;
}
