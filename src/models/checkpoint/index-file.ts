/** The index of a checkpoint in shards: `weight_map` says which file holds which tensor. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../../support/errors.ts';
import { readJson } from '../../support/files.ts';

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The shard of each key. Shards are files beside the index with its own extension, never another index or a path.
 *
 * @param extension of shards: `.safetensors`
 * @throws UserError when the index is malformed or a shard is missing
 */
export function readIndex(path: string, extension: string): Map<string, string> {
  const fail = (what: string): UserError =>
    new UserError('TSLM_BAD_INDEX', `${path}: ${what}`, { hint: 'the index is damaged: fetch or save it again' });
  const index = readJson(path);
  const map = isObject(index) ? (index as { weight_map?: unknown }).weight_map : undefined;
  if (!isObject(map)) throw fail("there is no 'weight_map' of tensors to files");
  const shardOf = new Map<string, string>(Object.entries(map));
  if (shardOf.size === 0) throw fail("'weight_map' names no tensor");
  for (const [key, name] of shardOf as Map<string, unknown>) {
    if (typeof name !== 'string' || !isFileName(name)) {
      throw fail(`'${key}' must be in a file of the same folder, not in ${JSON.stringify(name)}`);
    }
    if (!name.endsWith(extension)) throw fail(`'${key}' is placed in ${name}, which is no ${extension} file`);
  }
  const missing = [...new Set(shardOf.values())].filter(name => !existsSync(join(dirname(path), name)));
  if (missing.length > 0) {
    const listed = missing.length > 5 ? `${missing.slice(0, 5).join(', ')}, …` : missing.join(', ');
    throw new UserError('TSLM_MISSING_SHARD', `${path}: ${missing.length} shards are missing: ${listed}`, {
      hint: 'fetch the rest of the checkpoint',
    });
  }
  return shardOf;
}

/** No path, and nothing that a line of a message could not show. */
const isFileName = (name: string): boolean => /^[^/\\\p{Cc}]+$/u.test(name);
