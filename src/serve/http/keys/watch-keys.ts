/**
 * The keys of a running server: its file is followed, so that a key that is removed is refused a second later. While there is
 * no file, or none that can be read, nobody is let in: a key that was revoked must not stay valid.
 */
import { statSync } from 'node:fs';
import { RequestError } from '../../../engine/request-error.ts';
import { explainFileError, messageOf } from '../../../support/errors.ts';
import { type Keys, keysOf, readKeys } from './key-file.ts';

/** Milliseconds between two looks at whether the file has changed. */
const FRESH_MS = 1000;

/** Seconds after which clients may ask again. */
const RETRY_AFTER = 5;

/**
 * @param onChange told when the file can no longer be read, and with undefined when it can again
 * @throws UserError when it cannot be read at the start
 */
export function watchKeys(file: string, onChange: (problem: string | undefined) => void = () => {}): Keys {
  let keys = keysOf(readKeys(file));
  let seen = ''; // of a file that is written in this moment the first look finds what it is then
  let looked = performance.now();
  let problem: string | undefined;

  function look(): void {
    if (performance.now() - looked <= FRESH_MS) return;
    looked = performance.now();
    const before = problem;
    try {
      const stamp = stampOf(file);
      if (stamp === seen && problem === undefined) return;
      keys = keysOf(readKeys(file));
      seen = stamp;
      problem = undefined;
    } catch (error) {
      problem = messageOf(explainFileError(error, file));
    }
    if (problem !== before) onChange(problem);
  }

  return {
    find(key) {
      look();
      if (problem === undefined) return keys.find(key);
      throw new RequestError('TSLM_KEYS_UNREADABLE', 'the keys of this server cannot be read at the moment', {
        hint: 'its log says why',
        retryAfter: RETRY_AFTER,
      });
    },
    problem() {
      look();
      return problem && 'the file of keys cannot be read';
    },
  };
}

/** Differs whenever the file was written or replaced, twice within a millisecond too. */
function stampOf(file: string): string {
  const { ino, size, mtimeNs } = statSync(file, { bigint: true });
  return [ino, size, mtimeNs].join();
}
