/** The file of keys: names, hashes and limits. Keys themselves are shown once, when they are made. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import { z } from 'zod';
import { UserError, usageError } from '../../../support/errors.ts';
import { readJson, writeJson } from '../../../support/files.ts';
import { withLock } from '../../../support/lock.ts';
import { type KeyHolder, type KeyLimits, keyHolderSchema } from './key-holder.ts';

const fileSchema = z.strictObject({ keys: z.array(keyHolderSchema) });

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

/** @throws UserError that names the file and quotes nothing of it: somebody may have put a key there */
export function readKeys(file: string): KeyHolder[] {
  const fail = (what: string): UserError =>
    new UserError('TSLM_BAD_KEYS', `${file}: not a file of keys: ${what}`, {
      hint: 'put back a copy, or remove it and make new keys with `tslm keys add`',
    });
  let content: unknown;
  try {
    content = readJson(file);
  } catch (error) {
    throw error instanceof UserError && error.code === 'TSLM_BAD_JSON' ? fail('it is not valid JSON') : error;
  }
  const parsed = fileSchema.safeParse(content);
  if (parsed.success) return parsed.data.keys;
  const [number, property] = parsed.error.issues[0].path.slice(1);
  const known = Object.keys(keyHolderSchema.shape).find(one => one === property);
  throw fail(
    typeof number === 'number'
      ? `key ${number + 1} has ${known ? `no valid '${known}'` : 'an unknown form'}`
      : 'it has no list of keys',
  );
}

/** Runs `change` while no other process changes the file: of two that read it at once, one would lose what the other adds. */
const changing = <T>(file: string, change: () => T): Promise<T> => withLock(`${file}.lock`, async () => change());

function writeKeys(file: string, keys: readonly KeyHolder[]): void {
  writeJson(file, { keys });
  chmodSync(file, 0o600);
}

/** Adds a key to a file, which is made where there is none; returns the key. */
export function addKey(file: string, options: { name: string; admin?: boolean; limits?: KeyLimits }): Promise<string> {
  return changing(file, () => {
    const keys = existsSync(file) ? readKeys(file) : [];
    if (keys.some(({ name }) => name === options.name)) {
      throw usageError('TSLM_KEY_EXISTS', `${file}: there is a key for '${options.name}' already`, 'remove it first');
    }
    const key = `tslm-${randomBytes(32).toString('base64url')}`;
    writeKeys(file, [...keys, { ...options, hash: hashOf(key).toString('hex'), created: new Date().toISOString() }]);
    return key;
  });
}

export function removeKey(file: string, name: string): Promise<void> {
  return changing(file, () => {
    const keys = readKeys(file);
    const left = keys.filter(one => one.name !== name);
    if (left.length === keys.length) {
      throw new UserError('TSLM_KEY_NOT_FOUND', `${file}: there is no key for '${name}'`, {
        hint: keys.length === 0 ? 'the file has no keys' : `there are ${keys.map(one => one.name).join(', ')}`,
      });
    }
    writeKeys(file, left);
  });
}

export interface Keys {
  /**
   * Whose key it is. Every hash is compared, each in the same time.
   *
   * @throws RequestError when the keys cannot be read now: nobody is let in then
   */
  find(key: string): KeyHolder | undefined;
  /** Why the keys cannot be read, while they cannot; for `/health`. */
  problem?(): string | undefined;
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
