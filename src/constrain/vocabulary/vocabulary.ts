/** What each token writes, in bytes of UTF-8: what a constraint on a text means for its tokens. */
import { usageError } from '../../support/errors.ts';
import { fromByteChars } from '../../tokenizers/byte-alphabet.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { memo } from '../memo.ts';
import {
  type TokenTexts,
  type Vocabulary,
  type VocabularyData,
  vocabularyData,
  vocabularyFrom,
} from './vocabulary-data.ts';

export type { Vocabulary } from './vocabulary-data.ts';

export interface VocabularyOptions {
  /** Tokens that end a text. Default: the tokenizer's. */
  eosTokenId?: readonly number[];
}

/**
 * The vocabulary of a tokenizer. Special tokens write nothing; a byte-level token may be a part of a character. What a
 * text is made of is what `decode` says of the tokens alone, without a prompt before them.
 *
 * @throws UserError when no token has a text of its own, as with a decoder that looks at what follows
 */
export function vocabularyOf(tokenizer: Tokenizer, options: VocabularyOptions = {}): Vocabulary {
  const { eosTokenId } = tokenizer;
  const ends = options.eosTokenId ?? (eosTokenId === undefined ? [] : [eosTokenId]);
  return vocabularyFrom(vocabularyDataOf(tokenizer), ends);
}

/** A tokenizer's vocabulary before it is said what ends a text; made once. */
export const vocabularyDataOf = (tokenizer: Tokenizer): VocabularyData =>
  memo(vocabularies, tokenizer, () => {
    const { texts, firstTexts } = textsOf(tokenizer);
    return vocabularyData(texts, firstTexts);
  });
const vocabularies = new WeakMap<Tokenizer, VocabularyData>();

/** Bytes that each token adds to a text; undefined for special tokens, and for those that have no text of their own. */
export function tokenTexts(tokenizer: Tokenizer): readonly (Uint8Array | undefined)[] {
  return ownTextsOf(tokenizer).texts;
}

/** A vocabulary from the bytes of its tokens. */
export const createVocabulary = (
  texts: TokenTexts,
  { eosTokenId = [], firstTexts = texts }: { eosTokenId?: readonly number[]; firstTexts?: TokenTexts } = {},
): Vocabulary => vocabularyFrom(vocabularyData(texts, firstTexts), eosTokenId);

interface Texts {
  texts: (Uint8Array | undefined)[];
  firstTexts?: (Uint8Array | undefined)[];
}

const known = new WeakMap<Tokenizer, Texts>();

function ownTextsOf(tokenizer: Tokenizer): Texts {
  let texts = known.get(tokenizer);
  if (!texts) {
    const { decoder } = tokenizer.toJSON() as { decoder?: { type?: string } | null };
    texts = decoder?.type === 'ByteLevel' ? byteLevelTexts(tokenizer) : decodedTexts(tokenizer);
    known.set(tokenizer, texts);
  }
  return texts;
}

function textsOf(tokenizer: Tokenizer): Texts {
  const texts = ownTextsOf(tokenizer);
  if (texts.texts.some(text => text !== undefined)) return texts;
  throw usageError(
    'TSLM_NO_TOKEN_TEXTS',
    'the tokens of this tokenizer have no texts of their own: its decoder looks at what stands beside them',
    'constrain the output with a byte-level, SentencePiece or WordPiece tokenizer',
  );
}

function byteLevelTexts(tokenizer: Tokenizer): Texts {
  const texts = Array.from({ length: tokenizer.vocabSize }, (_, id) => {
    const token = tokenizer.idToToken(id);
    const isWritten = token !== undefined && decode(tokenizer, [id]) !== '';
    return isWritten ? fromByteChars(token) : undefined;
  });
  return { texts };
}

const encoder = new TextEncoder();

/**
 * For decoders that join tokens by rules of their own: the text that a token adds after another, and that it has at the
 * beginning. A token that changes what is beside it has neither.
 */
function decodedTexts(tokenizer: Tokenizer): Texts {
  const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
  const anchor = ids.find(id => /^\p{L}+$/u.test(decode(tokenizer, [id])) && tokenizer.idToToken(id)!.length < 4);
  const hasByteTokens = JSON.stringify(tokenizer.toJSON()).includes('"ByteFallback"');
  if (anchor === undefined) return { texts: ids.map(() => undefined) };
  const before = decode(tokenizer, [anchor]);
  const between = decode(tokenizer, [anchor, anchor]).slice(before.length);

  const texts: (Uint8Array | undefined)[] = [];
  const firstTexts: (Uint8Array | undefined)[] = [];
  for (const id of ids) {
    const token = tokenizer.idToToken(id);
    // Bytes below 0x80 are characters, and decoded as such.
    const byte = hasByteTokens ? /^<0x([89A-Fa-f][0-9A-Fa-f])>$/.exec(token ?? '') : null;
    if (token === undefined || id === tokenizer.unkTokenId) {
      texts.push(undefined);
      firstTexts.push(undefined);
    } else if (byte) {
      const bytes = Uint8Array.of(Number.parseInt(byte[1], 16));
      texts.push(bytes);
      firstTexts.push(bytes);
    } else {
      const added = decode(tokenizer, [anchor, id]);
      const isOwn =
        added.startsWith(before) &&
        decode(tokenizer, [anchor, id, anchor]) === `${added}${between}` &&
        added !== before;
      const text = isOwn ? encoder.encode(added.slice(before.length)) : undefined;
      const alone = isOwn ? decode(tokenizer, [id]) : '';
      const startsAlike = decode(tokenizer, [id, anchor]) === `${alone}${between}`;
      texts.push(text);
      firstTexts.push(alone !== '' && startsAlike ? encoder.encode(alone) : undefined);
    }
  }
  return { texts, firstTexts };
}

const decode = (tokenizer: Tokenizer, ids: number[]): string =>
  tokenizer.decode(ids, { skipSpecialTokens: true, cleanUpTokenizationSpaces: false });
