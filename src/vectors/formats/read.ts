/** Opens files of word vectors, whatever their format, packed (`.gz`, `.zst`) or not. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { compressionOf } from '../../support/encoding/compression.ts';
import { readUnpacked } from '../../support/encoding/text-file.ts';
import { namingFile } from '../../support/errors.ts';
import type { WordVectors } from '../word-vectors.ts';
import { parseVectors } from './parse.ts';

const READ_BYTES = 1 << 20;

export interface ReadVectorsOptions {
  /** Read the first words alone, which are the most frequent ones as a rule. Default: all. */
  limit?: number;
  /** Called with the bytes that were read, as they lie on disk. */
  onBytes?: (bytes: number) => void;
}

/** @throws UserError in one line for a file that cannot be read, or is damaged */
export async function readVectorFile(path: string, { limit, onBytes }: ReadVectorsOptions = {}): Promise<WordVectors> {
  const { compression } = compressionOf(path);
  const bytes = compression ? undefined : namingFile(path, () => statSync(path)).size;
  const parser = parseVectors({ path, bytes, limit });
  let step = parser.next();
  for await (const chunk of readUnpacked(path, { compression, onBytes: read => onBytes?.(read.length) })) {
    step = parser.next(chunk);
    if (step.done) return step.value;
  }
  return atEnd(parser.next(null));
}

/** The same without waiting, of a file that is not packed. */
export function readVectorFileSync(path: string, { limit }: { limit?: number } = {}): WordVectors {
  return namingFile(path, () => {
    const fd = openSync(path, 'r');
    try {
      const parser = parseVectors({ path, bytes: fstatSync(fd).size, limit });
      parser.next();
      for (;;) {
        const chunk = Buffer.allocUnsafe(READ_BYTES);
        const read = readSync(fd, chunk);
        if (read === 0) return atEnd(parser.next(null));
        const step = parser.next(chunk.subarray(0, read));
        if (step.done) return step.value;
      }
    } finally {
      closeSync(fd);
    }
  });
}

/** A parser returns at the end of its file. */
function atEnd({ done, value }: IteratorResult<undefined, WordVectors>): WordVectors {
  if (!done) throw new Error('the parser asks for more than there is');
  return value;
}
