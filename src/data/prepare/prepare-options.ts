/** What may be asked of `prepare`: its options, their defaults, and what makes no sense together. */
import { z } from 'zod';
import { requireEncoding } from '../../support/encoding/text-file.ts';
import { usageError } from '../../support/errors.ts';
import { createFieldReader } from '../readers/fields.ts';
import { requireLanguage } from '../sentences.ts';
import { planPreprocess, preprocessKeys } from './preprocess/preprocess.ts';
import type { ProgressListener } from './progress-listener.ts';

const share = z.number().min(0).max(1);
const positive = z.number().int().positive();
const paths = z.array(z.string());

/** The options of `prepare`, with their defaults. */
export const prepareOptionsSchema = z.strictObject({
  /** The folder to write. */
  out: z.string().min(1),
  /** Replace a corpus that is there already. */
  overwrite: z.boolean().default(false),

  /** A tokenizer.json or a folder that holds one; without it one is trained on the training split. */
  tokenizer: z.string().optional(),
  tokenizerKind: z.enum(['byte-bpe', 'char']).default('byte-bpe'),
  vocabSize: positive.default(16384),
  /** Bytes of text to train the tokenizer on, at most. */
  tokenizerSample: positive.default(50e6),

  /** The field of the text in JSON, CSV, Parquet and Arrow, or a path to it: see `FieldOptions`. */
  column: z.string().min(1).default('text'),
  /** Fields put together in place of one column, such as `{title}\n{body}`. */
  template: z.string().min(1).optional(),
  /** CSV: what stands between cells. Default: a comma in .csv, a tab in .tsv. */
  delimiter: z.string().length(1).optional(),
  /** CSV and TSV: the first record names the columns; without it they are called 1, 2, 3, … */
  header: z.boolean().default(true),
  /** What is a document in text and source code. */
  document: z.enum(['file', 'paragraph', 'line']).default('file'),
  /** A longer document is cut. Default: 1 MiB, and 16 MiB where the splits are cut from the tail. */
  maxDocumentBytes: z.number().int().min(4096).optional(),
  /** Of files that are not UTF-8: a label of the WHATWG Encoding Standard, such as gb18030; `auto` finds it out. */
  encoding: z.string().default('auto'),
  /** Globs, relative to each folder; only these files are read. */
  include: paths.default([]),
  /** Globs, relative to each folder; these files are not read. */
  exclude: paths.default([]),

  /**
   * By the hash of a document's text, or validation and test as the last parts in reading order. `auto`: by hash, unless the
   * documents are so few that a share would be missed by more than half of it.
   */
  split: z.enum(['auto', 'hash', 'tail']).default('auto'),
  /** Share of the documents (`hash`) or of the characters (`tail`). Default 0.05; 0 with `validationInputs`. */
  validation: share.optional(),
  test: share.optional(),
  /** Inputs that are the validation split, whole. */
  validationInputs: paths.default([]),
  testInputs: paths.default([]),

  /** Repair characters and white space, and filter. */
  clean: z.boolean().default(true),
  minCharacters: z.number().int().nonnegative().default(1),
  maxCharacters: positive.optional(),
  /** See `repetitionFault`. */
  maxDuplicateLines: share.default(0.2),
  maxTopNgram: share.default(0.2),

  ...preprocessKeys,

  /** Remove exact and near-duplicates. */
  dedup: z.boolean().default(true),
  /** Jaccard similarity, of five-word (or five-character) shingles, from which a document is a near-duplicate. */
  nearDedupThreshold: z.number().gt(0).max(1).default(0.8),

  /** Begin each document with what the tokenizer puts before a text, such as a BOS token. */
  bos: z.boolean().default(true),
  /** End each document with what the tokenizer puts after a text, or with its EOS token where it puts nothing. */
  eos: z.boolean().default(true),
  /**
   * Record where sentences begin, by the rules of a language (`en`, `zh`, …); `auto` tells Chinese documents from others.
   * Default: sentences are found when documents are read.
   */
  sentences: z.string().optional(),
  /** Tokens in a shard, about. */
  shardTokens: positive.default(2 ** 27),
  seed: z.number().int().nonnegative().default(0),
  /** Worker threads; 0: none beside the caller's. The result does not depend on it. Default: the number of processors. */
  threads: z.number().int().nonnegative().optional(),
});

export type PrepareOptions = z.input<typeof prepareOptionsSchema> & {
  onProgress?: ProgressListener;
  /** Stops the work; nothing is left behind. */
  signal?: AbortSignal;
};

type Parsed = z.output<typeof prepareOptionsSchema>;

/** The options with every default filled in. */
export type ResolvedOptions = Parsed & Required<Pick<Parsed, 'maxDocumentBytes' | 'validation' | 'test'>>;

export function resolveDefaults(options: Parsed): ResolvedOptions {
  return {
    ...options,
    maxDocumentBytes: options.maxDocumentBytes ?? (options.split === 'tail' ? 1 << 24 : 1 << 20),
    validation: options.validation ?? (options.validationInputs.length > 0 ? 0 : 0.05),
    test: options.test ?? (options.testInputs.length > 0 ? 0 : 0.05),
  };
}

/** @throws UserError for values that are each right and together make no sense */
export function refuseOptions({
  validation,
  test,
  validationInputs,
  testInputs,
  encoding,
  sentences,
  ...fields
}: ResolvedOptions): void {
  if (validation + test >= 1) {
    throw usageError('TSLM_BAD_VALUE', `validation ${validation} and test ${test} leave nothing for training`);
  }
  if ((validationInputs.length > 0 && validation > 0) || (testInputs.length > 0 && test > 0)) {
    const hint = 'give a share or the inputs of a split, not both';
    throw usageError('TSLM_BAD_VALUE', 'a split is given both as inputs and as a share', hint);
  }
  requireEncoding(encoding);
  if (sentences !== undefined) requireLanguage(sentences);
  planPreprocess(fields);
  createFieldReader(fields);
}
