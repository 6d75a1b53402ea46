/** Files that are packed, told by their names: gzip and Zstandard. */
import { Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { isErrno, messageOf, UserError } from '../errors.ts';

export type Compression = 'gzip' | 'zstd';

const EXTENSIONS: [RegExp, Compression][] = [
  [/\.gz$/i, 'gzip'],
  [/\.zst$/i, 'zstd'],
];

/** The compression of a file, and its path without the extension that says so. */
export function compressionOf(path: string): { compression: Compression | undefined; plain: string } {
  const found = EXTENSIONS.find(([pattern]) => pattern.test(path));
  return { compression: found?.[1], plain: found ? path.replace(found[0], '') : path };
}

export const createDecompressor = (compression: Compression, chunkSize: number): Transform =>
  compression === 'gzip' ? createGunzip({ chunkSize }) : zstdStream();

/** Node.js has Zstandard of its own only from version 22 on. */
function zstdStream(): Transform {
  let stream: Transform;
  const decompress = new Decompress(bytes => void stream.push(Buffer.from(bytes)));
  let isEmpty = true;
  stream = new Transform({
    transform(bytes: Uint8Array, _encoding, done) {
      isEmpty = false;
      done(failureOf(() => decompress.push(bytes)));
    },
    flush(done) {
      done(isEmpty ? null : failureOf(() => decompress.push(new Uint8Array(0), true)));
    },
  });
  return stream;
}

class ZstdError extends Error {}

function failureOf(action: () => void): Error | null {
  try {
    action();
    return null;
  } catch (error) {
    return new ZstdError(messageOf(error), { cause: error });
  }
}

/** A `UserError` that names the file for errors of damaged data; everything else as it is. */
export function explainCompressionError(error: unknown, path: string): unknown {
  const isGzip = isErrno(error, 'Z_BUF_ERROR') || isErrno(error, 'Z_DATA_ERROR');
  if (!isGzip && !(error instanceof ZstdError)) return error;
  const name = isGzip ? 'gzip' : 'Zstandard';
  return new UserError(isGzip ? 'TSLM_BAD_GZIP' : 'TSLM_BAD_ZSTD', `${path}: damaged ${name}: ${messageOf(error)}`, {
    hint: `the file is cut short or not ${name}: fetch it again`,
    cause: error,
  });
}
