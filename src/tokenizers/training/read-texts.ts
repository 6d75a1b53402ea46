/** Text files as a stream of pieces, for training on more than fits into memory. */
import { StringDecoder } from 'node:string_decoder';
import type { EncodingDecision } from '../../support/encoding/decide.ts';
import { readTextFile } from '../../support/encoding/text-file.ts';

/** Pieces are at least this long, in UTF-16 units. */
const PIECE_UNITS = 1 << 20;

/** A single line end between two lines that are not blank: there every pattern splits, whatever follows. */
const SAFE_CUT = /\S\n(?=\S)/g;

export interface ReadTextsOptions {
  /** Of files that are not UTF-8: a label of the WHATWG Encoding Standard. Default `auto`, which finds it out. */
  encoding?: string;
  /** Hears how many bytes of text were read: of packed files those that are in them. */
  onBytes?: (bytes: number) => void;
  onDecision?: (path: string, decision: EncodingDecision) => void;
}

/**
 * Reads text files, `-` for standard input, `.gz` and `.zst` unpacked, in pieces that are cut where tokens never span.
 * @throws UserError that names a file that cannot be read, or whose encoding is not sure
 */
export async function* readTexts(paths: readonly string[], options: ReadTextsOptions = {}): AsyncGenerator<string> {
  for (const path of paths) {
    let text = '';
    for await (const part of decode(path, options)) {
      text += part;
      if (text.length < PIECE_UNITS) continue;
      const cut = lastCut(text);
      if (cut > 0) yield text.slice(0, cut);
      text = text.slice(cut);
    }
    if (text !== '') yield text;
  }
}

async function* decode(path: string, { onBytes, ...options }: ReadTextsOptions): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  for await (const bytes of readTextFile(path, options)) {
    onBytes?.(bytes.byteLength);
    yield decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  yield decoder.end();
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
