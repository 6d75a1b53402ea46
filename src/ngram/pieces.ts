/**
 * What n-gram models are trained and evaluated on, piece by piece: a corpus of token ids that `prepare` wrote, or plain
 * text (`.gz` and `.zst` too).
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { type Corpus, openCorpus } from '../data/corpus/corpus.ts';
import type { SplitName } from '../data/corpus/corpus-index.ts';
import type { CorpusSplit } from '../data/corpus/corpus-split.ts';
import { findInputs } from '../data/readers/inputs.ts';
import { readTextFile } from '../support/encoding/text-file.ts';
import { UserError } from '../support/errors.ts';
import { type UnknownText, unknownIn } from '../tokenizers/encode/unknown.ts';
import type { StoredNgram } from './storage.ts';
import type { Lexicon } from './text.ts';
import { tokenVocabulary } from './vocabulary.ts';

const PIECE_TOKENS = 1 << 20;

/** True for a corpus directory; everything else is read as text. */
export const isCorpus = (path: string): boolean => existsSync(join(path, 'corpus.json'));

export interface Piece {
  tokens: Uint16Array | Uint32Array;
  /** UTF-8 bytes and code points of the text behind them; those of a corpus are counted with its first piece. */
  bytes: number;
  characters: number;
  /** What of it the tokenizer does not know. */
  unknown: UnknownText;
}

/** Data for a model: a corpus of the same tokens, lines for a model of text, whole documents for one of token ids. */
export async function* readPieces(
  stored: StoredNgram,
  path: string,
  { split, encoding = 'auto' }: { split: SplitName; encoding?: string },
): AsyncGenerator<Piece> {
  if (isCorpus(path)) {
    const corpus = openCorpus(path);
    requireSameTokens(stored, corpus);
    yield* readSplit(corpus.split(split));
  } else if (stored.lexicon) {
    yield* readLines(path, stored.lexicon, { encoding });
  } else {
    yield* readDocuments(path, stored, encoding);
  }
}

const NO_TEXT = { bytes: 0, characters: 0, unknown: { tokens: 0, bytes: 0 } };

export function* readSplit(split: CorpusSplit): Generator<Piece> {
  for (let offset = 0; offset < split.tokens; offset += PIECE_TOKENS) {
    const { bytes, characters, unknown } = offset === 0 ? split : NO_TEXT;
    yield { tokens: split.read(offset, PIECE_TOKENS), bytes, characters, unknown };
  }
}

/** The lines of a text, each closed by `</s>`. */
export async function* readLines(
  path: string,
  lexicon: Lexicon,
  { grow = false, encoding = 'auto' }: { grow?: boolean; encoding?: string } = {},
): AsyncGenerator<Piece> {
  for (const file of await findInputs([path])) {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const pieceOf = (text: string): Piece => ({
      tokens: lexicon.encode(text, { grow }),
      bytes: Buffer.byteLength(text),
      characters: codePoints(text),
      unknown: NO_TEXT.unknown,
    });
    for await (const bytes of readTextFile(file.path, { encoding })) {
      const text = rest + decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      yield pieceOf(text.slice(0, end));
    }
    yield pieceOf(rest + decoder.end());
  }
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Text files as documents of token ids. */
async function* readDocuments(
  path: string,
  { model, tokenizer, provenance }: StoredNgram,
  encoding: string,
): AsyncGenerator<Piece> {
  if (!tokenizer) {
    throw new UserError(
      'TSLM_NGRAM_TOKENIZER',
      `${path}: the model of ${provenance.source} has no tokenizer for text`,
      {
        hint: 'evaluate it on a corpus',
      },
    );
  }
  const { end } = model.vocabulary;
  const known = tokenizer();
  for (const file of await findInputs([path])) {
    const parts: Uint8Array[] = [];
    for await (const bytes of readTextFile(file.path, { encoding })) parts.push(bytes);
    const bytes = Buffer.concat(parts);
    const text = bytes.toString();
    const ids = known.encodeIds(text);
    yield {
      tokens: end === undefined ? ids : concatenate([ids, Uint32Array.of(end)]),
      bytes: bytes.length,
      characters: codePoints(text),
      unknown: unknownIn(known, text, ids),
    };
  }
}

function requireSameTokens({ model, lexicon, provenance }: StoredNgram, corpus: Corpus): void {
  const { vocab_size, eos_token_id, tokenizer_sha256 } = corpus.index;
  const { size, start, end } = tokenVocabulary(vocab_size, eos_token_id ?? undefined);
  const { vocabulary } = model;
  const sameIds = size === vocabulary.size && start === vocabulary.start && end === vocabulary.end;
  if (!lexicon && sameIds && (provenance.tokenizer_sha256 ?? tokenizer_sha256) === tokenizer_sha256) return;
  throw new UserError(
    'TSLM_NGRAM_VOCABULARY',
    `${corpus.directory}: its tokens are not those of the model, which was trained on ${provenance.source}`,
    { hint: 'evaluate on a corpus prepared with the same tokenizer, or on a text' },
  );
}

export function concatenate(pieces: readonly (Uint16Array | Uint32Array)[]): Uint32Array {
  const all = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let length = 0;
  for (const piece of pieces) {
    all.set(piece, length);
    length += piece.length;
  }
  return all;
}
