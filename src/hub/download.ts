/** One file from the hub to its place: goes on where an earlier attempt stopped, and is renamed when its hash is right. */
import { constants, existsSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainFileError, UserError } from '../support/errors.ts';
import { makeFolder, renameDurably } from '../support/files.ts';
import { BrokenConnection } from './broken-connection.ts';
import { send, withRetries } from './connection.ts';
import type { Connection } from './connection-options.ts';
import { contentHash, feedFile } from './content-hash.ts';
import type { RemoteFile } from './repository.ts';

export interface Download {
  url: string;
  file: RemoteFile;
  /** Where the bytes gather; kept when this fails. */
  partial: string;
  target: string;
  /** Gets how many bytes of the file are here, each time that changes. */
  onPosition?: (bytes: number) => void;
}

/** @throws UserError when the hub fails, the disk is full, or the hash is wrong a second time */
export async function download(
  connection: Connection,
  { url, file, partial, target, onPosition }: Download,
): Promise<void> {
  try {
    for (let attempt = 1; !(await gather(connection, { url, file, partial, target, onPosition })); attempt++) {
      rmSync(partial);
      onPosition?.(0);
      if (attempt === 2) throw wrongHash(connection, file);
    }
    makeFolder(dirname(target));
    renameDurably(partial, target);
  } catch (error) {
    throw explainFileError(error, partial);
  }
}

const wrongHash = ({ id, endpoint }: Connection, { path }: RemoteFile): UserError =>
  new UserError('TSLM_WRONG_HASH', `${id}: ${path} arrived damaged twice: its hash is not the one ${endpoint} states`, {
    hint: 'try again later; when it stays so, a proxy may be changing what passes through it',
  });

/** Completes `partial`; returns whether the hash of the whole is right. */
async function gather(connection: Connection, { url, file, partial, onPosition }: Download): Promise<boolean> {
  makeFolder(dirname(partial));
  let hash = contentHash(file);
  let position = existsSync(partial) ? await feedFile(hash, partial, connection.signal) : 0;
  const restart = (): void => {
    hash = contentHash(file);
    position = 0;
  };
  onPosition?.(position);
  const handle = await open(partial, constants.O_RDWR | constants.O_CREAT, 0o666);
  try {
    if (position > file.size) {
      restart();
      await handle.truncate(0);
    }
    await withRetries(connection, async arrived => {
      if (position === file.size) return;
      const { from, chunks } = await rest(connection, url, position, file.path);
      if (from !== position) restart();
      for await (const chunk of chunks) {
        const part = chunk.subarray(0, file.size - position + 1); // one byte too many is as wrong as all of them
        await writeAt(handle, part, position);
        hash.update(part);
        position += part.length;
        onPosition?.(position);
        arrived();
        if (position > file.size) return;
      }
      if (position < file.size) throw new BrokenConnection('connection closed');
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  return position === file.size && hash.digest('hex') === file.hash;
}

/** The content from `position` on, or from the beginning when the server does not know ranges. */
async function rest(connection: Connection, url: string, position: number, path: string) {
  const headers = new Headers({ 'accept-encoding': 'identity' }); // places and hashes are those of the plain content
  if (position > 0) headers.set('range', `bytes=${position}-`);
  const { response, chunks } = await send(connection, url, headers, path);
  if (response.status !== 206) return { from: 0, chunks };
  const range = response.headers.get('content-range') ?? '';
  if (range.startsWith(`bytes ${position}-`)) return { from: position, chunks };
  await response.body?.cancel();
  throw new BrokenConnection(`asked for bytes from ${position} on, got '${range}'`);
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
