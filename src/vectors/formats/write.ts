/** Writes word vectors in the formats that other programs read. */
import { UserError } from '../../support/errors.ts';
import { writeAtomically, writeFully } from '../../support/files.ts';
import type { WordVectors } from '../word-vectors.ts';

/** File formats of word vectors. */
export const VECTOR_FORMATS = ['binary', 'text', 'glove'] as const;
/** `binary` and `text` are word2vec's, and `text` is fastText's `.vec`; `glove` is text without a header. */
export type VectorFormat = (typeof VECTOR_FORMATS)[number];

const PIECE_BYTES = 1 << 20;

/**
 * The file is complete or not there at all. Text has the shortest decimals that give the same float32 back.
 *
 * @throws UserError for a word with white space, which ends words in these files
 */
export function writeVectors(path: string, vectors: WordVectors, format: VectorFormat): void {
  writeAtomically(path, fd => {
    let parts: Uint8Array[] = [];
    let bytes = 0;
    const write = (part: Uint8Array): void => {
      parts.push(part);
      bytes += part.length;
      if (bytes < PIECE_BYTES) return;
      writeFully(fd, Buffer.concat(parts));
      [parts, bytes] = [[], 0];
    };
    if (format !== 'glove') write(Buffer.from(`${vectors.size} ${vectors.dimension}\n`));
    for (const [i, word] of vectors.words.entries()) {
      requireWritable(word, format);
      const row = vectors.row(i);
      if (format === 'binary') {
        write(Buffer.from(`${word} `));
        write(littleEndian(row));
        write(Buffer.from('\n'));
      } else write(Buffer.from(`${word} ${Array.from(row, shortest).join(' ')}\n`));
    }
    writeFully(fd, Buffer.concat(parts));
  });
}

function requireWritable(word: string, format: VectorFormat): void {
  // GloVe's own files have words with spaces; numbers are counted from the end of the line there.
  if (word !== '' && !(format === 'glove' ? /[\t\r\n]/ : /[ \t\r\n]/).test(word)) return;
  throw new UserError('TSLM_BAD_WORD', `the word ${JSON.stringify(word)} cannot be written: white space ends words`, {
    hint: format === 'glove' ? 'leave it out' : "GloVe's format takes words with spaces",
  });
}

function littleEndian(row: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * row.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of row.entries()) view.setFloat32(4 * i, value, true);
  return bytes;
}

/** The shortest decimal that is read back as this float32. */
export function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = Number(value.toPrecision(digits));
    if (Math.fround(text) === value) return String(text);
  }
  return String(Number(value.toPrecision(9)));
}
