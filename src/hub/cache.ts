/**
 * The cache that Hugging Face's tools share: `models--ORG--NAME/` with `blobs/` (contents, named by their hash),
 * `snapshots/COMMIT/` (a model folder of links to them) and `refs/` (which commit a branch was at). What Python fetched
 * is found here, and the other way round.
 */
import { existsSync, lstatSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { explainFileError, isErrno } from '../support/errors.ts';
import { makeFolder, renameDurably, temporaryBeside, writeFileAtomically } from '../support/files.ts';
import { isCommit } from './model-id.ts';

/** Environment variables: `process.env`, or a test's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

const expandHome = (path: string): string => path.replace(/^~(?=\/|$)/, homedir());

/** `HF_HOME`, or its default. */
export const hubHome = (env: Environment): string =>
  expandHome(env.HF_HOME || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'));

/** `HF_HUB_CACHE`, or its default. */
export const hubCache = (env: Environment): string =>
  expandHome(env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(hubHome(env), 'hub'));

/** The folders of one model. */
export interface ModelCache {
  blobs: string;
  refs: string;
  snapshots: string;
  locks: string;
}

export function modelCache(cacheDir: string, id: string): ModelCache {
  const name = `models--${id.replace('/', '--')}`;
  const folder = join(cacheDir, name);
  return {
    blobs: join(folder, 'blobs'),
    refs: join(folder, 'refs'),
    snapshots: join(folder, 'snapshots'),
    locks: join(cacheDir, '.locks', name),
  };
}

/** The snapshot folder of a revision that was fetched before; undefined when there is none. */
export function cachedSnapshot(cache: ModelCache, revision: string): { commit: string; folder: string } | undefined {
  const commit = isCommit(revision) ? revision : readReference(cache, revision);
  const folder = commit === undefined ? undefined : join(cache.snapshots, commit);
  return commit === undefined || folder === undefined || !existsSync(folder) ? undefined : { commit, folder };
}

function readReference(cache: ModelCache, revision: string): string | undefined {
  const path = join(cache.refs, revision);
  try {
    const commit = readFileSync(path, 'utf8').trim();
    return isCommit(commit) ? commit : undefined;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].some(code => isErrno(error, code))) return undefined;
    throw explainFileError(error, path);
  }
}

/** Notes which commit a branch or tag is at. */
export function writeReference(cache: ModelCache, revision: string, commit: string): void {
  if (isCommit(revision) || readReference(cache, revision) === commit) return;
  writeFileAtomically(join(cache.refs, revision), commit);
}

/** Makes `pointer` a link to a blob, relative so that the cache can be moved. */
export function linkBlob(blob: string, pointer: string): void {
  const target = relative(dirname(pointer), blob);
  try {
    if (lstatSync(pointer, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(pointer) === target) return;
    makeFolder(dirname(pointer));
    const temporary = temporaryBeside(pointer);
    symlinkSync(target, temporary);
    renameDurably(temporary, pointer);
  } catch (error) {
    throw explainFileError(error, pointer);
  }
}
