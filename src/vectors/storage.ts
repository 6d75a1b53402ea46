/**
 * A folder of word vectors: `vectors.bin` (word2vec's binary format, which other programs open), `vocabulary.txt` (a word and how
 * often it occurred a line, as word2vec writes it), `vectors.json` (where they come from) and, with subwords, `subwords.safetensors`.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { namingFile, UserError } from '../support/errors.ts';
import { readJson, writeAtomically, writeFileAtomically, writeFully, writeJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import { parseHeader } from '../torch/safetensors/header.ts';
import { type ReadVectorsOptions, readVectorFile } from './formats/read.ts';
import { writeVectors } from './formats/write.ts';
import { SubwordVectors } from './subwords.ts';
import { WordVectors } from './word-vectors.ts';

const provenanceSchema = z.strictObject({
  format: z.literal('tslm-vectors'),
  version: z.literal(1),
  words: z.int().positive(),
  dimension: z.int().positive(),
  /** Files of the text. */
  source: z.array(z.string()),
  /** How text became words. */
  text: z.record(z.string(), z.unknown()),
  /** Words of the text, and those of them that have vectors. */
  wordsRead: z.int().nonnegative(),
  wordsKept: z.int().nonnegative(),
  /** Options of the training, the seed among them. */
  training: z.record(z.string(), z.unknown()),
  subwords: z
    .strictObject({ minNgram: z.int().positive(), maxNgram: z.int().positive(), buckets: z.int().positive() })
    .optional(),
  /** Mean loss per epoch. */
  losses: z.array(z.number()),
  seconds: z.number(),
});
/** `vectors.json`: how vectors were made. */
export type VectorsProvenance = z.output<typeof provenanceSchema>;
/** What a caller says of how vectors were made. */
export type NewProvenance = Omit<VectorsProvenance, 'format' | 'version' | 'words' | 'dimension' | 'subwords'>;

const TENSOR = 'buckets';

/** Writes word vectors as a folder: vectors, vocabulary, and how they were made. */
export function saveVectors(
  folder: string,
  vectors: WordVectors,
  { counts, provenance }: { counts: readonly number[]; provenance: NewProvenance },
): VectorsProvenance {
  writeVectors(join(folder, 'vectors.bin'), vectors, 'binary');
  const lines = vectors.words.map((word, i) => `${word} ${counts[i]}\n`);
  writeFileAtomically(join(folder, 'vocabulary.txt'), lines.join(''));
  const { subwords } = vectors;
  if (subwords) writeBuckets(join(folder, 'subwords.safetensors'), subwords);
  const manifest: VectorsProvenance = {
    format: 'tslm-vectors',
    version: 1,
    words: vectors.size,
    dimension: vectors.dimension,
    ...provenance,
    ...(subwords && { subwords: subwords.options }),
  };
  writeJson(join(folder, 'vectors.json'), manifest);
  return manifest;
}

/** Opens a folder that `saveVectors` wrote, or a file of word2vec, fastText (`.vec`) or GloVe. */
export async function loadVectors(path: string, options: ReadVectorsOptions = {}): Promise<WordVectors> {
  if (!namingFile(path, () => statSync(path)).isDirectory()) return readVectorFile(path, options);
  const manifestPath = join(path, 'vectors.json');
  const manifest = parseOptions(provenanceSchema, readJson(manifestPath), manifestPath);
  const read = await readVectorFile(join(path, 'vectors.bin'), options);
  const { words, vectors, dimension } = read;
  const expected = Math.min(manifest.words, options.limit ?? manifest.words);
  if (words.length !== expected || dimension !== manifest.dimension) {
    throw new UserError('TSLM_VECTOR_FILES', `${path}: vectors.json and vectors.bin do not belong together`, {
      hint: 'the folder is incomplete or holds files of two trainings: train again',
    });
  }
  if (!manifest.subwords) return read;
  const subwords = readBuckets(join(path, 'subwords.safetensors'), dimension, manifest.subwords);
  return new WordVectors({ words, vectors, dimension, subwords });
}

/** One tensor in little-endian float32. */
function writeBuckets(path: string, { vectors, dimension, options }: SubwordVectors): void {
  const header = {
    [TENSOR]: { dtype: 'F32', shape: [options.buckets, dimension], data_offsets: [0, vectors.byteLength] },
  };
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  json.copy(padded, 8);
  writeAtomically(path, fd => {
    writeFully(fd, padded);
    writeFully(fd, new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength));
  });
}

function readBuckets(path: string, dimension: number, options: Required<SubwordVectors['options']>): SubwordVectors {
  const bytes = namingFile(path, () => readFileSync(path));
  const { entries, dataStart } = parseHeader(bytes, path);
  const entry = entries.get(TENSOR);
  const shape = `${options.buckets},${dimension}`;
  if (entry?.dtype !== 'float32' || entry.shape.join() !== shape) {
    throw new UserError('TSLM_VECTOR_FILES', `${path}: there is no '${TENSOR}' of shape [${shape}] in float32`, {
      hint: 'the folder holds files of two trainings: train again',
    });
  }
  // A copy, since the place in the file need not be one where float32 may begin.
  const copy = new Uint8Array(bytes.subarray(dataStart + entry.begin, dataStart + entry.end));
  return new SubwordVectors(new Float32Array(copy.buffer), dimension, options);
}
