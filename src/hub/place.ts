/** Where pulled files go: into the shared cache, or into a folder of one's own (`--local-dir`). */
import { constants, copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeFolder, writeFileAtomically } from '../support/files.ts';
import { linkBlob, type ModelCache, writeReference } from './cache.ts';
import { contentHash, feedFile } from './content-hash.ts';
import type { RemoteFile } from './repository.ts';

export interface Place {
  /** The model folder that comes out. */
  folder: string;
  /** Whether the content of a file is here already. */
  has(file: RemoteFile): Promise<boolean>;
  /** Where its content ends up, where it gathers, and what locks both. */
  target(file: RemoteFile): string;
  partial(file: RemoteFile): string;
  lock(file: RemoteFile): string;
  /** Brings what is known of the content from elsewhere on this machine to `partial`. */
  seed(file: RemoteFile): void;
  /** The content is at its target: makes it part of the folder. */
  settle(file: RemoteFile): void;
  /** Every file is settled. */
  finish(revision: string): void;
}

const sizeOf = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.size;

/** A snapshot in the cache: blobs, and links to them. */
export function cachePlace(cache: ModelCache, commit: string): Place {
  const folder = join(cache.snapshots, commit);
  const target = (file: RemoteFile): string => join(cache.blobs, file.hash);
  return {
    folder,
    target,
    has: async file => sizeOf(target(file)) === file.size,
    partial: file => `${target(file)}.incomplete`,
    lock: file => join(cache.locks, `${file.hash}.tslm.lock`), // Python's are other files: it leaves them behind
    seed: () => {},
    settle: file => linkBlob(target(file), join(folder, file.path)),
    finish: revision => writeReference(cache, revision, commit),
  };
}

/**
 * A folder with the files themselves. What is known of them lies in `.cache/huggingface/`, as Hugging Face's tools do
 * it: commit, hash and time a file was checked. What the cache has is copied instead of fetched.
 */
export function folderPlace(localDir: string, cache: ModelCache, commit: string): Place {
  const folder = resolve(localDir);
  const notes = join(folder, '.cache', 'huggingface');
  const target = (file: RemoteFile): string => join(folder, file.path);
  const note = (file: RemoteFile, suffix: string): string => join(notes, 'download', `${file.path}${suffix}`);
  const partial = (file: RemoteFile): string => note(file, `.${file.hash}.incomplete`);

  /** The hash that was found the last time, if the file has not changed since. */
  const knownHash = (file: RemoteFile): string | undefined => {
    const path = note(file, '.metadata');
    if (!existsSync(path)) return undefined;
    const [, hash, time] = readFileSync(path, 'utf8').split('\n');
    return statSync(target(file)).mtimeMs <= Number(time) * 1000 + 1000 ? hash : undefined;
  };

  return {
    folder,
    target,
    partial,
    lock: file => note(file, '.tslm.lock'),
    async has(file) {
      if (sizeOf(target(file)) !== file.size) return false;
      const known = knownHash(file);
      if (known !== undefined) return known === file.hash;
      const hash = contentHash(file);
      await feedFile(hash, target(file));
      return hash.digest('hex') === file.hash;
    },
    seed(file) {
      const blob = join(cache.blobs, file.hash);
      if (sizeOf(blob) !== file.size) return;
      makeFolder(dirname(partial(file)));
      copyFileSync(blob, partial(file), constants.COPYFILE_FICLONE);
    },
    settle(file) {
      const ignore = join(notes, '.gitignore');
      if (!existsSync(ignore)) writeFileAtomically(ignore, '*');
      writeFileAtomically(note(file, '.metadata'), `${commit}\n${file.hash}\n${Date.now() / 1000}\n`);
    },
    finish: () => {},
  };
}
