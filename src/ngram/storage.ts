/**
 * A model directory. `ngram.json` says what the model is and where each array begins; `ngram.bin` holds the arrays one
 * after the other, little-endian, each at a multiple of 8 bytes; `vocabulary.json` lists the words of a model of text.
 * Beside a model of token ids lies the tokenizer, where there is one.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { explainFileError, UserError } from '../support/errors.ts';
import { readJson, writeAtomically, writeFully, writeJson } from '../support/files.ts';
import { parseOptions } from '../support/schema.ts';
import { Tokenizer } from '../tokenizers/tokenizer.ts';
import { NgramModel } from './model.ts';
import { Lexicon } from './text.ts';
import type { Trie, TrieLevel } from './trie.ts';

const ARRAY_NAMES = ['tokens', 'logProbs', 'logBackoffs', 'childStart'] as const;
const ALIGNMENT = 8;
/** The system's calls take less than 2 GiB at once. */
const CHUNK_BYTES = 1 << 30;

const count = z.int().nonnegative();
const levelReport = z.strictObject({
  ngrams: count,
  pruned: count,
  discounts: z.tuple([z.number(), z.number(), z.number()]),
  fallback: z.boolean(),
});

/** Where a model comes from, as far as it is known. */
const provenanceSchema = z.strictObject({
  /** The corpus, text or ARPA file. */
  source: z.string(),
  split: z.string().optional(),
  /** Of the corpus: data/tokenizer-hash.ts. */
  tokenizer_sha256: z.string().optional(),
  /** Tokens that were counted. */
  tokens: count.optional(),
  smoothing: z.enum(['modified', 'absolute']).optional(),
  prune: z.array(count).optional(),
  levels: z.array(levelReport).optional(),
});
/** How an n-gram model was made. */
export type NgramProvenance = z.infer<typeof provenanceSchema>;

const manifestSchema = z.strictObject({
  format: z.literal('tslm-ngram'),
  version: z.literal(1),
  order: z.int().positive(),
  units: z.enum(['tokens', 'words', 'characters']),
  vocabulary: z.strictObject({
    size: count,
    start: count,
    end: count.optional(),
    unknown: count.optional(),
  }),
  provenance: provenanceSchema,
  /** Bytes of `ngram.bin`. */
  bytes: count,
  /** Per n-gram length: where the arrays begin in `ngram.bin`, and their lengths in elements. */
  levels: z.array(z.record(z.enum(ARRAY_NAMES), z.strictObject({ offset: count, length: count }))),
});
type Manifest = z.infer<typeof manifestSchema>;

export interface StoredNgram {
  model: NgramModel;
  provenance: NgramProvenance;
  /** Words by id; absent for a model of token ids. */
  lexicon?: Lexicon;
  /** What made the token ids, where that is known. */
  tokenizer?: () => Tokenizer;
}

/** Writes a model directory; whatever model was there is replaced. */
export function saveNgram(directory: string, { model, provenance, lexicon, tokenizer }: StoredNgram): void {
  const { levels, bytes } = arrange(model.trie);
  writeAtomically(join(directory, 'ngram.bin'), fd => {
    let position = 0;
    for (const [i, level] of model.trie.entries()) {
      for (const name of ARRAY_NAMES) {
        writeFully(fd, new Uint8Array(levels[i][name].offset - position));
        const array = bytesOf(level[name]);
        for (let at = 0; at < array.length; at += CHUNK_BYTES) writeFully(fd, array.subarray(at, at + CHUNK_BYTES));
        position = levels[i][name].offset + array.length;
      }
    }
  });
  if (lexicon) writeJson(join(directory, 'vocabulary.json'), lexicon.words);
  tokenizer?.().save(directory);
  const manifest: Manifest = {
    format: 'tslm-ngram',
    version: 1,
    order: model.order,
    units: lexicon?.units ?? 'tokens',
    vocabulary: model.vocabulary,
    provenance,
    bytes,
    levels,
  };
  writeJson(join(directory, 'ngram.json'), manifest);
}

/** @throws UserError when the directory holds no model, or files that do not belong together */
export function loadNgram(directory: string): StoredNgram {
  const path = join(directory, 'ngram.json');
  const manifest = parseOptions(manifestSchema, readJson(path), path);
  const { vocabulary, units, provenance } = manifest;
  const trie = readArrays(join(directory, 'ngram.bin'), manifest);
  requireTrie(trie, manifest, directory);
  const model = new NgramModel(trie, vocabulary);
  if (units === 'tokens') {
    const hasTokenizer = existsSync(join(directory, 'tokenizer.json'));
    return { model, provenance, ...(hasTokenizer && { tokenizer: () => Tokenizer.fromFile(directory) }) };
  }
  const wordsPath = join(directory, 'vocabulary.json');
  const lexicon = new Lexicon(units, parseOptions(z.array(z.string()), readJson(wordsPath), wordsPath));
  if (lexicon.words.length !== vocabulary.size)
    throw mismatch(wordsPath, lexicon.words.length, vocabulary.size, 'words');
  return { model, provenance, lexicon };
}

function arrange(trie: Trie): Pick<Manifest, 'levels' | 'bytes'> {
  let bytes = 0;
  const levels = trie.map(level => {
    const place = (name: (typeof ARRAY_NAMES)[number]) => {
      const offset = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
      bytes = offset + level[name].byteLength;
      return { offset, length: level[name].length };
    };
    return {
      tokens: place('tokens'),
      logProbs: place('logProbs'),
      logBackoffs: place('logBackoffs'),
      childStart: place('childStart'),
    };
  });
  return { levels, bytes };
}

function readArrays(path: string, { levels, bytes }: Manifest): Trie {
  const fd = open(path);
  try {
    const size = fstatSync(fd).size;
    if (size !== bytes) throw mismatch(path, size, bytes, 'bytes');
    const read = <T extends Uint32Array | Float32Array>(
      make: { new (length: number): T; readonly BYTES_PER_ELEMENT: number },
      { offset, length }: { offset: number; length: number },
    ): T => {
      const end = offset + make.BYTES_PER_ELEMENT * length;
      if (end > size) throw mismatch(path, size, end, 'bytes');
      const array = new make(length);
      const target = bytesOf(array);
      for (let done = 0; done < target.length; ) {
        const got = readSync(fd, target, done, Math.min(CHUNK_BYTES, target.length - done), offset + done);
        if (got === 0) throw mismatch(path, offset + done, bytes, 'bytes');
        done += got;
      }
      return array;
    };
    return levels.map(
      ({ tokens, logProbs, logBackoffs, childStart }): TrieLevel => ({
        tokens: read(Uint32Array, tokens),
        logProbs: read(Float32Array, logProbs),
        logBackoffs: read(Float32Array, logBackoffs),
        childStart: read(Uint32Array, childStart),
      }),
    );
  } finally {
    closeSync(fd);
  }
}

/** Arrays that fit each other: a search in others would go through places that they do not have, four billion at most. */
function requireTrie(trie: Trie, { order, vocabulary }: Manifest, directory: string): void {
  const { size, start, end = 0, unknown = 0 } = vocabulary;
  const isWhole = trie.every(({ tokens, logProbs, logBackoffs, childStart }, i) => {
    if (logProbs.length !== tokens.length || !tokens.every(token => token < size)) return false;
    if (i === trie.length - 1) return true;
    const isAscending = childStart.every((place, node) => node === 0 || place >= childStart[node - 1]);
    const hasAll = logBackoffs.length === tokens.length && childStart.length === tokens.length + 1;
    return hasAll && isAscending && childStart[tokens.length] === trie[i + 1].tokens.length;
  });
  const hasVocabulary = trie[0]?.tokens.length === size && Math.max(start, end, unknown) < size;
  if (isWhole && hasVocabulary && trie.length === order) return;
  throw new UserError('TSLM_NGRAM_FILES', `${directory}: the arrays of ngram.bin do not fit each other`, {
    hint: 'the directory is damaged or holds files of two models: train or export again',
  });
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw explainFileError(error, path);
  }
}

const bytesOf = (array: Uint32Array | Float32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

const mismatch = (path: string, found: number, expected: number, unit: string): UserError =>
  new UserError('TSLM_NGRAM_FILES', `${path}: ${found} ${unit}, ngram.json says ${expected}`, {
    hint: 'the directory is incomplete or holds files of two models: train or export again',
  });
