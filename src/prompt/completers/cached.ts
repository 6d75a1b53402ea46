/** A model whose answers are kept in a file by request: what was asked once, with this seed, is not asked again. */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { namingFile } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import type { Completer, CompletionResult } from '../completer.ts';

/** @param path of a file with one answer a line; made where it is not there */
export function cachedCompleter(completer: Completer, path: string): Completer {
  const known = readCache(path);
  return {
    ...completer,
    async complete(request, options) {
      const key = createHash('sha256')
        .update(JSON.stringify([completer.name, Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1))]))
        .digest('hex');
      const found = known.get(key);
      // An answer that was kept costs nothing.
      if (found) return { ...found, computedTokens: 0 };
      const result = await completer.complete(request, options);
      known.set(key, result);
      namingFile(path, () => appendFileSync(path, `${JSON.stringify([key, result])}\n`));
      return result;
    },
    [Symbol.asyncDispose]: () => completer[Symbol.asyncDispose](),
  };
}

/** A last line that an interruption cut off is left out, and ended so that the next one stands by itself. */
function readCache(path: string): Map<string, CompletionResult> {
  namingFile(path, () => makeFolder(dirname(path)));
  if (!existsSync(path)) return new Map();
  const text = namingFile(path, () => readFileSync(path, 'utf8'));
  if (text !== '' && !text.endsWith('\n')) namingFile(path, () => appendFileSync(path, '\n'));
  return new Map(
    text.split('\n').flatMap((line): [string, CompletionResult][] => {
      try {
        return [JSON.parse(line) as [string, CompletionResult]];
      } catch {
        return [];
      }
    }),
  );
}
