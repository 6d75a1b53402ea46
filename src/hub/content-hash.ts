/** Hashes by which the hub names contents: SHA-256 for large files, git's blob hash (SHA-1 with a header) for others. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { RemoteFile } from './repository.ts';

/** A hash to be fed the content of `file` from its beginning. */
export const contentHash = ({ algorithm, size }: RemoteFile): Hash =>
  algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${size}\0`);

/** Feeds a file on disk to a hash; returns how many bytes it has. */
export async function feedFile(hash: Hash, path: string, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return bytes;
}
