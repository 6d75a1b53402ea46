/**
 * A model whose answers are kept in a file, line by line as they come: an evaluation that was interrupted asks for the rest alone.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { namingFile } from '../../support/errors.ts';
import { makeFolder } from '../../support/files.ts';
import type { EvaluatedModel, RequestOptions } from './evaluated-model.ts';

/**
 * @param path of the file; made where it is not there
 * @param revision what the answers depend on beside the request: the model's files and how it is asked
 * @param options.chunk requests between two writes: what an interruption costs at most. Default 2048
 * @throws UserError when the file cannot be written
 */
export function remembered(
  model: EvaluatedModel,
  path: string,
  revision: string,
  { chunk = 2048 }: { chunk?: number } = {},
): EvaluatedModel {
  const known = knownIn(path);

  async function answers<Request, Answer>(
    kind: string,
    requests: readonly Request[],
    ask: (missing: readonly Request[], options: RequestOptions) => Promise<Answer[]>,
    { signal, onProgress }: RequestOptions = {},
  ): Promise<Answer[]> {
    // Equal requests, as repeats of a draw are, are told apart by how often they came before.
    const seen = new Map<string, number>();
    const keys = requests.map(request => {
      const text = JSON.stringify([revision, kind, request]);
      const times = seen.get(text) ?? 0;
      seen.set(text, times + 1);
      return createHash('sha256').update(`${times}${text}`).digest('hex');
    });
    const missing = [...keys.keys()].filter(i => !known.has(keys[i]));
    for (let begin = 0; begin < missing.length; begin += chunk) {
      const part = missing.slice(begin, begin + chunk);
      const done = requests.length - missing.length + begin;
      const found = await ask(
        part.map(i => requests[i]),
        {
          signal,
          onProgress: (count, of) => onProgress?.(done + Math.round((part.length * count) / of), requests.length),
        },
      );
      const lines = part.map((i, at) => {
        known.set(keys[i], found[at]);
        return `${JSON.stringify([keys[i], found[at]])}\n`;
      });
      namingFile(path, () => appendFileSync(path, lines.join('')));
    }
    return keys.map(key => known.get(key) as Answer);
  }

  return {
    ...model,
    loglikelihood: (requests, options) =>
      answers('loglikelihood', requests, (missing, how) => model.loglikelihood(missing, how), options),
    loglikelihoodRolling: (texts, options) =>
      answers('rolling', texts, (missing, how) => model.loglikelihoodRolling(missing, how), options),
    generateUntil: (requests, options) =>
      answers('generate', requests, (missing, how) => model.generateUntil(missing, how), options),
  };
}

/** A last line that an interruption cut off is left out, and ended so that the next one stands by itself. */
function knownIn(path: string): Map<string, unknown> {
  makeFolder(dirname(path));
  if (!existsSync(path)) return new Map();
  const text = namingFile(path, () => readFileSync(path, 'utf8'));
  if (text !== '' && !text.endsWith('\n')) namingFile(path, () => appendFileSync(path, '\n'));
  const entries = text.split('\n').flatMap((line): [string, unknown][] => {
    try {
      return [JSON.parse(line) as [string, unknown]];
    } catch {
      return [];
    }
  });
  return new Map(entries);
}

/** SHA-256 over what a model folder's answers come from: weights, config, tokenizer. */
export async function revisionOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const files = readdirSync(folder).filter(
    file => /\.(safetensors|bin|json|jinja|model|txt)$/.test(file) && file !== 'run.json',
  );
  for (const file of files.sort()) {
    hash.update(file);
    await pipeline(createReadStream(join(folder, file)), async chunks => {
      for await (const chunk of chunks) hash.update(chunk as Buffer);
    });
  }
  return hash.digest('hex');
}
