/** `corpus.json`: what a corpus folder says of itself, read and checked. */
import { z } from 'zod';

/** The index of a corpus directory, `corpus.json`: what lies in the shards, and how they were made. */
export const CORPUS_FORMAT = 1;

export const SPLITS = ['train', 'validation', 'test'] as const;
/** `train`, `validation` or `test`. */
export type SplitName = (typeof SPLITS)[number];

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hexadecimal is expected');

const shardSchema = z.strictObject({
  /** `train-00000.bin`; the document offsets lie beside it in `train-00000.idx`. */
  file: z.string().regex(/^[a-z]+-\d{5}\.bin$/, 'a shard is called <split>-<five digits>.bin'),
  tokens: count,
  documents: count,
  /** Of the token file. */
  sha256,
  /** Of `train-00000.sent`, where sentences are recorded: see `sentence-bits.ts`. */
  sentences_sha256: sha256.optional(),
});

const splitSchema = z.strictObject({
  tokens: count,
  documents: count,
  /** UTF-8 bytes of the text that was tokenised; what bits per byte divide by. */
  bytes: count,
  /** Unicode code points of the same text. */
  characters: count,
  /** What of it the tokenizer did not know: tokens, and the bytes that they stand for. */
  unknown: z.strictObject({ tokens: count, bytes: count }).default({ tokens: 0, bytes: 0 }),
  /** Sentences whose borders are recorded beside the shards; absent where none are. */
  sentences: count.optional(),
  shards: z.array(shardSchema),
});

export const corpusIndexSchema = z.strictObject({
  format: z.literal(CORPUS_FORMAT),
  vocab_size: z.number().int().positive(),
  dtype: z.enum(['uint16', 'uint32']),
  /** The tokens before each document, such as a BOS token. */
  prefix_token_ids: z.array(count).default([]),
  /** The last token after each document; null when documents follow one another with nothing between. */
  eos_token_id: count.nullable(),
  /** `tokenizerHash` of the tokenizer.json beside this file. */
  tokenizer_sha256: sha256,
  seed: z.number().int(),
  /** The options of `prepare`, resolved. */
  options: z.record(z.string(), z.unknown()),
  /** What preprocessing changed, in the order of its steps; absent where none was asked for. */
  preprocessing: z
    .array(
      z.strictObject({
        step: z.string(),
        documents: count,
        characters: count,
        /** Lists of stop words. */
        lists: z.array(z.strictObject({ name: z.string(), words: count, sha256 })).optional(),
      }),
    )
    .optional(),
  splits: z.strictObject({ train: splitSchema, validation: splitSchema, test: splitSchema }),
});

/** `corpus.json`: splits, tokenizer, and how the corpus was made. */
export type CorpusIndex = z.output<typeof corpusIndexSchema>;
/** One split: its sizes and its shards. */
export type SplitIndex = z.output<typeof splitSchema>;
export type ShardIndex = z.output<typeof shardSchema>;

/** The narrowest type that holds every token id. */
export const dtypeFor = (vocabSize: number): CorpusIndex['dtype'] => (vocabSize <= 65536 ? 'uint16' : 'uint32');

/** `train-00003.bin` → `train-00003.idx`. */
export const offsetsFileOf = (shardFile: string): string => shardFile.replace(/\.bin$/, '.idx');

/** `train-00003.bin` → `train-00003.sent`. */
export const sentencesFileOf = (shardFile: string): string => shardFile.replace(/\.bin$/, '.sent');

/** A new array of the type in which tokens of this dtype are stored. */
export const tokenArray = (dtype: CorpusIndex['dtype'], length: number): Uint16Array | Uint32Array =>
  dtype === 'uint16' ? new Uint16Array(length) : new Uint32Array(length);
