/** What a model or an adapter is, whatever its folder is called: SHA-256 of the files that decide what it writes. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { namingFile } from '../support/errors.ts';
import { baseFolderOf } from './adapters/folder.ts';

/** Weights, configuration, tokenizer, chat template. */
const DECIDES =
  /^(?!model_index)(?:.*\.(?:safetensors|bin|model|jinja)|(?:config|generation_config|adapter_config|preprocessor_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json|merges\.txt|vocab\.txt)$/;
const PART = 4 * 2 ** 20;

/** 64 hexadecimal digits. A folder that holds an adapter is the adapter with the model below it. */
export function contentHash(folder: string): string {
  const below = baseFolderOf(folder);
  const own = filesHash(folder);
  return below === undefined ? own : combinedHash(contentHash(below), own);
}

/** Of the files of one folder, the model below an adapter left out. */
export function filesHash(folder: string): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(PART);
  const names = namingFile(folder, () => readdirSync(folder)).filter(name => DECIDES.test(name));
  for (const name of names.sort()) {
    hash.update(`${name}\n`);
    const fd = namingFile(join(folder, name), () => openSync(join(folder, name), 'r'));
    try {
      for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer))
        hash.update(buffer.subarray(0, read));
    } finally {
      closeSync(fd);
    }
  }
  return hash.digest('hex');
}

/** Of a model with an adapter. */
export const combinedHash = (model: string, adapter: string): string =>
  createHash('sha256').update(`${model}\n${adapter}`).digest('hex');

/** As OpenAI's API writes it: `system_fingerprint`. */
export const fingerprintOf = (hash: string): string => `fp_${hash.slice(0, 16)}`;
