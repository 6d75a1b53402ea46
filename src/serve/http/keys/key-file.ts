/** The file of keys: names, hashes and limits. Keys themselves are shown once, when they are made. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { z } from 'zod';
import { namingFile, UserError, usageError } from '../../../support/errors.ts';
import { readJson, writeJson } from '../../../support/files.ts';
import { type Lock, takeLock } from '../../../support/lock.ts';
import { parseOptions } from '../../../support/schema.ts';
import { type KeyHolder, type KeyLimits, keyHolderSchema } from './key-holder.ts';

const fileSchema = z.strictObject({ keys: z.array(keyHolderSchema) });

/** Milliseconds between two looks at whether the file has changed. */
const FRESH_MS = 1000;

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

export const readKeys = (file: string): KeyHolder[] => parseOptions(fileSchema, readJson(file), file).keys;

function writeKeys(file: string, keys: readonly KeyHolder[]): void {
  writeJson(file, { keys });
  chmodSync(file, 0o600);
}

/** Two who change the file at once would lose a key: the second waits a moment. */
const lockKeys = (file: string): Lock => namingFile(file, () => takeLock(`${file}.lock`, file, { patience: 5000 }));

/** Adds a key to a file, which is made where there is none; returns the key. */
export function addKey(file: string, options: { name: string; admin?: boolean; limits?: KeyLimits }): string {
  using _lock = lockKeys(file);
  const keys = existsSync(file) ? readKeys(file) : [];
  if (keys.some(({ name }) => name === options.name)) {
    throw usageError('TSLM_KEY_EXISTS', `${file}: there is a key for '${options.name}' already`, 'remove it first');
  }
  const key = `tslm-${randomBytes(32).toString('base64url')}`;
  writeKeys(file, [...keys, { ...options, hash: hashOf(key).toString('hex'), created: new Date().toISOString() }]);
  return key;
}

export function removeKey(file: string, name: string): void {
  using _lock = lockKeys(file);
  const keys = readKeys(file);
  const left = keys.filter(one => one.name !== name);
  if (left.length === keys.length) {
    throw new UserError('TSLM_KEY_NOT_FOUND', `${file}: there is no key for '${name}'`, {
      hint: keys.length === 0 ? 'the file has no keys' : `there are ${keys.map(one => one.name).join(', ')}`,
    });
  }
  writeKeys(file, left);
}

export interface Keys {
  /** Whose key it is. Every hash is compared, each in the same time. */
  find(key: string): KeyHolder | undefined;
}

export function keysOf(holders: readonly KeyHolder[]): Keys {
  const hashes = holders.map(({ hash }) => Buffer.from(hash, 'hex'));
  return {
    find(key) {
      const given = hashOf(key);
      let found: KeyHolder | undefined;
      for (const [i, hash] of hashes.entries()) if (timingSafeEqual(hash, given)) found = holders[i];
      return found;
    },
  };
}

/** Follows the file: a key that is removed from it is refused a second later. */
export function watchKeys(file: string): Keys {
  let keys = keysOf(readKeys(file));
  let changed = statSync(file).mtimeMs;
  let looked = performance.now();
  return {
    find(key) {
      if (performance.now() - looked > FRESH_MS) {
        looked = performance.now();
        const { mtimeMs } = statSync(file);
        if (mtimeMs !== changed) {
          keys = keysOf(readKeys(file));
          changed = mtimeMs;
        }
      }
      return keys.find(key);
    },
  };
}
