/** The identity of a tokenizer, by which a corpus and a model are known to fit. */
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';

/**
 * SHA-256 that two tokenizers share exactly when they encode alike: of the content of tokenizer.json rather than of its
 * layout, and without padding and truncation, which concern batches and not the tokens of a text.
 *
 * @param path a tokenizer.json or the folder that holds it
 */
export function tokenizerHash(path: string): string {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'tokenizer.json') : path;
  const content = readJson(file);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new UserError('TSLM_BAD_TOKENIZER', `${file}: not a tokenizer: a JSON object is expected`);
  }
  const { padding: _padding, truncation: _truncation, ...encoding } = content as Record<string, unknown>;
  return createHash('sha256').update(JSON.stringify(encoding)).digest('hex');
}
