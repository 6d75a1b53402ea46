import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { explainFileError, isErrno, messageOf, UserError } from '../../support/errors.ts';
import type { SourceFacts } from './facts.ts';
import type { InputFile } from './inputs.ts';

const READ_BYTES = 1 << 20;

/**
 * The bytes of a file, unzipped and in UTF-8, in pieces of about 1 MB. A byte order mark is dropped and one of UTF-16
 * obeyed; any other `encoding` is a label of the WHATWG Encoding Standard, such as `gb18030`.
 */
export async function* readBytes(
  file: InputFile,
  encoding: string,
  facts: Pick<SourceFacts, 'bytesRead' | 'sha256'>,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const tap = new Transform({
    transform(bytes, _encoding, done) {
      hash.update(bytes);
      facts.bytesRead += bytes.length;
      done(null, bytes);
    },
    highWaterMark: READ_BYTES,
  });
  const source = createReadStream(file.path, { highWaterMark: READ_BYTES });
  const streams = file.gzip ? [source, tap, createGunzip({ chunkSize: READ_BYTES / 4 })] : [source, tap];
  // Errors reach the reader of the last stream, which pipeline destroys with them.
  const last = pipeline(streams, () => {}) as unknown as AsyncIterable<Uint8Array>;
  try {
    yield* decode(last, encoding);
  } catch (error) {
    if (isErrno(error, 'Z_BUF_ERROR') || isErrno(error, 'Z_DATA_ERROR')) {
      throw new UserError('TSLM_BAD_GZIP', `${file.path}: damaged gzip: ${messageOf(error)}`, {
        hint: 'the file is cut short or not gzip: fetch it again',
        cause: error,
      });
    }
    throw explainFileError(error, file.path);
  } finally {
    source.destroy();
  }
  facts.sha256 = hash.digest('hex');
}

async function* decode(pieces: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let first = true;
  for await (let bytes of pieces) {
    if (first) {
      const marked = encodingOfMark(bytes);
      if (marked === 'utf-8') bytes = bytes.subarray(3);
      const actual = marked ?? encoding;
      if (actual !== 'utf-8') decoder = new TextDecoder(actual);
      first = false;
    }
    const utf8 = decoder ? Buffer.from(decoder.decode(bytes, { stream: true })) : bytes;
    if (utf8.length > 0) yield utf8;
  }
  const rest = decoder?.decode();
  if (rest) yield Buffer.from(rest);
}

function encodingOfMark(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

/** True for bytes that no text in UTF-8 starts with: a NUL, or more control characters than text ever has. */
export function looksBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 8192);
  let control = 0;
  for (const byte of sample) {
    if (byte === 0) return true;
    // Tab, line feed, form feed, carriage return and escape do occur in texts.
    if (byte < 32 && !(byte === 9 || byte === 10 || byte === 12 || byte === 13 || byte === 27)) control++;
  }
  return control > sample.length / 20;
}
