/**
 * Keyed hashes that stand for names (HMAC-SHA-256, RFC 2104): the same name is always the same hash, and without the key, which
 * lies in the service's folder and only its owner may read, nobody finds out which name it is by trying.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../support/errors.ts';
import { temporaryBeside } from '../../support/files.ts';

export interface Keyed {
  user(name: string): string;
  conversation(name: string): string;
  /** 12 hexadecimal digits for any text: pseudonyms, and hashes in place of what was scrubbed. */
  digest(text: string): string;
}

const FILE = 'secret.key';

export function keyedNames(folder: string): Keyed {
  const key = secretOf(join(folder, FILE));
  const digest = (text: string): string => createHmac('sha256', key).update(text).digest('hex').slice(0, 24);
  return {
    // What is a hash already, as `feedback list` prints it, stays one.
    user: name => (/^user_[0-9a-f]{24}$/.test(name) ? name : `user_${digest(`user\n${name}`)}`),
    conversation: name => (/^conv_[0-9a-f]{24}$/.test(name) ? name : `conv_${digest(`conversation\n${name}`)}`),
    digest: text => digest(text).slice(0, 12),
  };
}

function secretOf(path: string): Buffer {
  if (!existsSync(path)) {
    // Made beside its place and linked there, so that of two processes one wins and nobody reads half a key.
    const made = temporaryBeside(path);
    writeFileSync(made, randomBytes(32), { mode: 0o600, flag: 'wx' });
    try {
      linkSync(made, path);
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
    } finally {
      rmSync(made, { force: true });
    }
  }
  return readFileSync(path);
}
