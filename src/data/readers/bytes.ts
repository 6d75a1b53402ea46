/** The bytes of a file, decompressed and hashed. */
import { createHash } from 'node:crypto';
import { toUtf8 } from '../../support/encoding/decode.ts';
import { readUnpacked } from '../../support/encoding/text-file.ts';
import type { SourceFacts } from './facts.ts';
import type { InputFile } from './inputs.ts';

type Counts = Pick<SourceFacts, 'bytesRead' | 'sha256'>;

/** The bytes of a file, unpacked, in pieces of about 1 MB; it is hashed as it lies on disk. */
export async function* readRaw(
  { path, compression }: Pick<InputFile, 'path' | 'compression'>,
  facts: Counts,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  const onBytes = (bytes: Uint8Array): void => {
    hash.update(bytes);
    facts.bytesRead += bytes.length;
  };
  yield* readUnpacked(path, { compression, onBytes });
  facts.sha256 = hash.digest('hex');
}

/** The same in UTF-8, from an encoding of the WHATWG Encoding Standard. */
export const readBytes = (
  file: Pick<InputFile, 'path' | 'compression'>,
  encoding: string,
  facts: Counts,
): AsyncGenerator<Uint8Array> => toUtf8(readRaw(file, facts), encoding);

/** Bytes of zero in a row, as fields of a fixed length have them and texts do not. */
const ZEROS = Buffer.alloc(64);

/**
 * True for bytes that no text starts with: more control characters than text ever has, or many zeros in a row. A few
 * zeros are damage that occurs in texts.
 */
export function looksBinary(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, 8192);
  let control = 0;
  for (const byte of sample) {
    // Tab, line feed, form feed, carriage return and escape do occur in texts.
    if (byte < 32 && !(byte === 9 || byte === 10 || byte === 12 || byte === 13 || byte === 27)) control++;
  }
  return control > sample.length / 20 || Buffer.from(sample).includes(ZEROS);
}
