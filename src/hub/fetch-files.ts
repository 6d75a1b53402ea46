/** Fetches what is missing, several files at a time, one process a file. */
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../support/errors.ts';
import { formatBytes } from '../support/format.ts';
import { withLock } from '../support/lock.ts';
import type { Connection } from './connection-options.ts';
import { download } from './download.ts';
import type { Place } from './place.ts';
import { fileAddress, type RemoteFile } from './repository.ts';

export interface PullProgress {
  /** Bytes of `total` that are here, those of earlier attempts included. */
  done: number;
  total: number;
  /** What `done` began with. */
  initial: number;
  note: string;
}

export interface FetchOptions {
  connection: Connection;
  /** The commit that the files are of. */
  commit: string;
  onProgress?: (progress: PullProgress) => void;
}

/** Files fetched at the same time. */
const PARALLEL = 4;

/** Fetches files and settles them in their place. The first failure stops the others; what has arrived is kept. */
export async function fetchFiles(
  files: readonly RemoteFile[],
  place: Place,
  { connection, commit, onProgress }: FetchOptions,
): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const positions = new Map(files.map(file => [file, sizeOf(place.partial(file))]));
  const sum = (): number => [...positions.values()].reduce((a, b) => a + b, 0);
  const initial = sum();
  requireSpace(total - initial, place.folder);
  const report = (note: string): void => onProgress?.({ done: sum(), total, initial, note });
  const failure = new AbortController();
  const signal = connection.signal ? AbortSignal.any([connection.signal, failure.signal]) : failure.signal;

  const fetchOne = async (file: RemoteFile): Promise<void> => {
    const onPosition = (bytes: number): void => {
      positions.set(file, bytes);
      report(file.path);
    };
    const onRetry = (reason: string, seconds: number): void => report(`${reason}; again in ${seconds.toFixed(0)}s`);
    if (await place.has(file)) {
      onPosition(file.size); // fetched by another process in the meantime
    } else {
      place.seed(file);
      await download(
        { ...connection, signal, onRetry },
        {
          url: fileAddress(connection, commit, file.path),
          file,
          partial: place.partial(file),
          target: place.target(file),
          onPosition,
        },
      );
    }
    place.settle(file);
  };

  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file && !signal.aborted; file = queue.shift()) {
      const next = file;
      const onWait = (): void => report(`${next.path}: waiting for another pull`);
      await withLock(place.lock(next), () => fetchOne(next), { signal, onWait });
    }
  };
  const workers = Array.from({ length: PARALLEL }, () =>
    worker().catch(error => {
      failure.abort(error); // the others stop; the first error is the one to tell
      throw error;
    }),
  );
  await Promise.allSettled(workers); // all have let go of their files
  signal.throwIfAborted();
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** @throws UserError when the disk has not that many bytes left */
function requireSpace(needed: number, folder: string): void {
  let existing = folder;
  while (!statSync(existing, { throwIfNoEntry: false })) existing = dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  if (free === 0 || needed <= free) return; // some network file systems say 0
  throw new UserError('TSLM_ENOSPC', `${existing}: ${formatBytes(needed)} to fetch, ${formatBytes(free)} free`, {
    hint: 'free some space, or name another disk with --cache-dir or --local-dir',
  });
}
