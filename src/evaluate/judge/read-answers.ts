/** Prompts and answers in files of JSON lines: `{"prompt": …}`, `{"prompt": …, "answer": …}`. */
import { namingFile, UserError, usageError } from '../../support/errors.ts';
import { dataKwargs, rowsOf } from '../harness/data-files.ts';

type Column = 'prompt' | 'answer';

/** @throws UserError that names file and row for what has no such column */
export function readColumn(path: string, column: Column): string[] {
  const rows = namingFile(path, () => rowsOf(path, dataKwargs.parse({})));
  if (rows.length === 0) throw new UserError('TSLM_NO_ROWS', `${path}: the file has no rows`);
  return rows.map((row, i) => {
    const value = row[column];
    if (typeof value === 'string') return value;
    throw usageError(
      'TSLM_BAD_ROW',
      `${path}, row ${i + 1}: there is no text '${column}'`,
      `a row has ${Object.keys(row).join(', ')}`,
    );
  });
}

/** @throws UserError where prompts of two files are not the same */
export function requireSamePrompts(path: string, prompts: readonly string[], wanted: readonly string[]): void {
  const other = wanted.findIndex((prompt, i) => prompts[i] !== prompt);
  const at = other >= 0 ? other : prompts.length === wanted.length ? -1 : wanted.length;
  if (at < 0) return;
  throw usageError(
    'TSLM_OTHER_PROMPTS',
    `${path}: row ${at + 1} does not answer the prompt that the others answer there`,
    'every file answers the same prompts in the same order',
  );
}
