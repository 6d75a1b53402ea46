/** Fetches a model from the hub into the cache that Hugging Face's tools share, or into a folder. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../support/errors.ts';
import { cachedSnapshot, type Environment, hubCache, type ModelCache, modelCache } from './cache.ts';
import type { Connection } from './connection-options.ts';
import { hubEndpoint, hubTimeout, hubToken, isOffline } from './environment.ts';
import { fetchFiles, type PullProgress } from './fetch-files.ts';
import { requireModelId, requireRevision } from './model-id.ts';
import { cachePlace, folderPlace } from './place.ts';
import { type RemoteFile, readRepository } from './repository.ts';
import { type Selection, selectFiles } from './select.ts';

export interface PullOptions extends Selection {
  /** A branch, a tag or a commit; default `main`. */
  revision?: string;
  /** Instead of HF_HUB_CACHE. */
  cacheDir?: string;
  /** Put the files themselves there instead of into the cache. */
  localDir?: string;
  /** Only say what would be fetched. */
  dryRun?: boolean;
  /** Aborting keeps what has arrived; the next call goes on. */
  signal?: AbortSignal;
  onProgress?: (progress: PullProgress) => void;
  /** Where HF_TOKEN and its like are looked up; default `process.env`. */
  env?: Environment;
  /** Milliseconds before a failed request is tried again, doubled each time; default 500. */
  retryDelay?: number;
}

export interface PulledFile {
  path: string;
  size: number;
  /** Present before, fetched now, or missing still (after a dry run). */
  state: 'present' | 'fetched' | 'missing';
}

export interface PullResult {
  model: string;
  revision: string;
  commit: string;
  /** The model folder, as an absolute path. */
  folder: string;
  files: PulledFile[];
}

/**
 * Fetches the files of a model that are not here yet.
 *
 * @param id `ORG/NAME`
 * @throws UserError when the name is bad, the hub refuses or cannot be reached, the disk is full, a hash is wrong
 */
export async function pull(id: string, options: PullOptions = {}): Promise<PullResult> {
  const { revision = 'main', env = process.env, localDir, dryRun = false } = options;
  requireModelId(id);
  requireRevision(revision);
  const cache = modelCache(resolve(options.cacheDir ?? hubCache(env)), id);
  if (isOffline(env)) return fromCache(id, revision, cache, options);
  const connection: Connection = {
    id,
    revision,
    endpoint: await hubEndpoint(env),
    token: hubToken(env),
    timeout: hubTimeout(env),
    retryDelay: options.retryDelay ?? 500,
    isProxied: Boolean(env.HTTPS_PROXY || env.https_proxy || env.HTTP_PROXY || env.http_proxy),
    signal: options.signal,
  };
  const { commit, files } = await readRepository(connection);
  const selected = selectFiles(files, id, options);
  const place = localDir === undefined ? cachePlace(cache, commit) : folderPlace(localDir, cache, commit);
  const missing = new Set<RemoteFile>();
  for (const file of selected) if (!(await place.has(file))) missing.add(file);
  if (!dryRun) {
    for (const file of selected) if (!missing.has(file)) place.settle(file);
    await fetchFiles([...missing], place, { connection, commit, onProgress: options.onProgress });
    place.finish(revision);
  }
  const stateOf = (file: RemoteFile) => (!missing.has(file) ? 'present' : dryRun ? 'missing' : 'fetched');
  return {
    model: id,
    revision,
    commit,
    folder: place.folder,
    files: selected.map(file => ({ path: file.path, size: file.size, state: stateOf(file) })),
  };
}

function fromCache(id: string, revision: string, cache: ModelCache, options: PullOptions): PullResult {
  const snapshot = options.localDir === undefined ? cachedSnapshot(cache, revision) : undefined;
  if (!snapshot) {
    const what =
      options.localDir === undefined ? `${id} (${revision}) is not in the cache` : '--local-dir needs the hub';
    throw new UserError('TSLM_OFFLINE', `${what}, and HF_HUB_OFFLINE forbids to ask the hub`, {
      hint: `unset HF_HUB_OFFLINE to fetch it; the cache is ${dirname(dirname(cache.blobs))}`,
    });
  }
  const files = readdirSync(snapshot.folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(path => ({ path, stat: statSync(join(snapshot.folder, path), { throwIfNoEntry: false }) }))
    .filter(({ stat }) => stat?.isFile())
    .map(({ path, stat }) => ({ path, size: stat!.size, state: 'present' as const }));
  return { model: id, revision, ...snapshot, files: selectFiles(files, id, options) };
}
