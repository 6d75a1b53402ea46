/** Text files in whatever encoding they are, packed or not, as UTF-8. */
import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { explainFileError, UserError } from '../errors.ts';
import { type Census, takeCensus } from './census.ts';
import { type Compression, compressionOf, createDecompressor, explainCompressionError } from './compression.ts';
import { decideEncoding, type EncodingDecision, type EncodingDoubt, isDecided } from './decide.ts';
import { toUtf8 } from './decode.ts';
import { createDecoder } from './decoder.ts';

const READ_BYTES = 1 << 20;

export interface UnpackOptions {
  compression?: Compression;
  /** Called with the bytes as they lie on disk. */
  onBytes?: (bytes: Uint8Array) => void;
}

/** The bytes of a file, unpacked, in pieces of about 1 MB. */
export async function* readUnpacked(
  path: string,
  { compression, onBytes }: UnpackOptions = {},
): AsyncGenerator<Uint8Array> {
  const source = createReadStream(path, { highWaterMark: READ_BYTES });
  if (onBytes) source.on('data', bytes => onBytes(bytes as Buffer));
  // Errors reach the reader of the last stream, which pipeline destroys with them.
  const last: Readable = compression
    ? (pipeline([source, createDecompressor(compression, READ_BYTES / 4)], () => {}) as unknown as Readable)
    : source;
  try {
    yield* last;
  } catch (error) {
    throw explainFileError(explainCompressionError(error, path), path);
  } finally {
    source.destroy();
  }
}

/**
 * The encoding of a file, and what else was counted while looking at all of it.
 *
 * @param encoding asked for, or `auto`
 */
export async function examineTextFile(
  path: string,
  encoding: string,
  options: { compression?: Compression } = {},
): Promise<{ census: Census; decision: EncodingDecision | EncodingDoubt }> {
  const census = await takeCensus(readUnpacked(path, options));
  return { census, decision: decideEncoding(census, encoding === 'auto' ? undefined : encoding) };
}

/** @throws UserError that names the encodings it may be, and the option that says which it is */
export function requireDecision(decision: EncodingDecision | EncodingDoubt, path: string): EncodingDecision {
  if (isDecided(decision)) return decision;
  const { candidates } = decision;
  const names = [...new Set(candidates.map(({ encoding }) => encoding))].slice(0, 3);
  const guess = names.length > 0 ? `perhaps ${names.join(', ')}` : 'nor in any encoding that was tried';
  throw new UserError('TSLM_UNKNOWN_ENCODING', `${path}: not UTF-8 text, and the encoding is not sure (${guess})`, {
    hint: `name it with --encoding, such as --encoding ${names[0] ?? 'gb18030'}; --encoding utf-8 takes what is UTF-8 of it`,
  });
}

/**
 * A whole text in UTF-8, from a file or, with `-`, from standard input.
 *
 * @param encoding of what is not UTF-8: a label of the WHATWG Encoding Standard; default `auto`
 * @throws UserError that names a file that cannot be read, or whose encoding is not sure
 */
export async function* readTextFile(
  path: string,
  {
    encoding = 'auto',
    onBytes,
    onDecision,
  }: {
    encoding?: string;
    onBytes?: (bytes: number) => void;
    onDecision?: (path: string, decision: EncodingDecision) => void;
  } = {},
): AsyncGenerator<Uint8Array> {
  requireEncoding(encoding);
  const asked = encoding === 'auto' ? undefined : encoding;
  if (path === '-') {
    const bytes = await buffer(process.stdin);
    onBytes?.(bytes.length);
    const decision = requireDecision(decideEncoding(await takeCensus(once(bytes)), asked), 'standard input');
    onDecision?.('standard input', decision);
    yield* toUtf8(once(bytes), decision.encoding);
    return;
  }
  const { compression } = compressionOf(path);
  const examined = await examineTextFile(path, encoding, { compression });
  const decision = requireDecision(examined.decision, path);
  onDecision?.(path, decision);
  const count = onBytes && ((bytes: Uint8Array) => onBytes(bytes.length));
  yield* toUtf8(readUnpacked(path, { compression, onBytes: count }), decision.encoding);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** @throws UserError for a name that no decoder has */
export function requireEncoding(encoding: string): void {
  if (encoding === 'auto') return;
  try {
    createDecoder(encoding);
  } catch {
    throw new UserError('TSLM_BAD_VALUE', `unknown encoding '${encoding}'`, {
      hint: 'for example utf-8, gb18030, big5, shift_jis, windows-1252; auto finds it out',
      exitCode: 2,
    });
  }
}
