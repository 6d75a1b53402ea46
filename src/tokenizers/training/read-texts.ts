/** Text files as a stream of pieces, for training on more than fits into memory. */
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { explainFileError, UserError } from '../../support/errors.ts';

/** Pieces are at least this long, in UTF-16 units. */
const PIECE_UNITS = 1 << 20;

/** A single line end between two lines that are not blank: there every pattern splits, whatever follows. */
const SAFE_CUT = /\S\n(?=\S)/g;

/**
 * Reads UTF-8 files, `-` for standard input, `.gz` unpacked, in pieces that are cut where tokens never span.
 * @throws UserError that names a file that cannot be read, or is not UTF-8
 */
export async function* readTexts(
  paths: readonly string[],
  { onBytes }: { onBytes?: (bytes: number) => void } = {},
): AsyncGenerator<string> {
  for (const path of paths) {
    let text = '';
    for await (const part of decode(path, onBytes)) {
      text += part;
      if (text.length < PIECE_UNITS) continue;
      const cut = lastCut(text);
      if (cut > 0) yield text.slice(0, cut);
      text = text.slice(cut);
    }
    if (text !== '') yield text;
  }
}

async function* decode(path: string, onBytes?: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const file = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: PIECE_UNITS });
  file.on('data', (bytes: Buffer) => onBytes?.(bytes.length));
  const stream = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  if (stream !== file) file.on('error', (error: Error) => void stream.destroy(error));
  try {
    for await (const bytes of stream) yield decoder.decode(bytes, { stream: true });
    yield decoder.decode();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new UserError('TSLM_NOT_UTF8', `${path}: not UTF-8 text`, {
        hint: 'convert it first: iconv -f GB18030 -t UTF-8',
        cause: error,
      });
    }
    if (code.startsWith('Z_')) {
      throw new UserError('TSLM_BAD_GZIP', `${path}: damaged gzip data`, { hint: 'get the file again', cause: error });
    }
    throw explainFileError(error, path);
  }
}

/** The end of the last line that ends safely, or all of a text without one. */
function lastCut(text: string): number {
  const tail = Math.max(0, text.length - (PIECE_UNITS >> 1));
  SAFE_CUT.lastIndex = tail;
  let cut = text.length;
  for (let match = SAFE_CUT.exec(text); match; match = SAFE_CUT.exec(text)) cut = match.index + match[0].length;
  if (cut < text.length) return cut;
  // Never between the two halves of a character.
  return text.charCodeAt(cut - 1) >>> 10 === 0x36 ? cut - 1 : cut;
}
