/** A vocabulary as plain data, which crosses between threads, and as constraints read it. */
import { createSlices, type Slice } from './slices.ts';
import { createTokenTrie, type TokenTrie } from './token-trie.ts';

export interface Vocabulary {
  /** The highest id and one more. */
  readonly size: number;
  /** Tokens that end a text, and write nothing. */
  readonly eosTokenId: readonly number[];
  /** Bytes that each token adds to a text; undefined for those that write nothing, which never follow. */
  readonly texts: readonly (Uint8Array | undefined)[];
  /** The same for the first token of a text, which loses its space in some tokenizers. */
  readonly firstTexts: readonly (Uint8Array | undefined)[];
  /** The same for one token. */
  textOf(id: number): Uint8Array | undefined;
  firstTextOf(id: number): Uint8Array | undefined;
  readonly tokens: TokenTree;
  readonly firstTokens: TokenTree;
  /** 1 for each byte that some token writes. */
  readonly isUsable: Uint8Array;
}

/** The texts of all tokens, and parts of them that are known to be alike. */
export interface TokenTree {
  readonly trie: TokenTrie;
  readonly slices: readonly Slice[];
}

interface Texts {
  /** All bytes, one text after the other; that of token t begins at `starts[t]`. */
  bytes: Uint8Array;
  starts: Int32Array;
}

export interface VocabularyData {
  size: number;
  texts: Texts;
  tokens: TokenTree;
  /** Absent where the first token is like any other. */
  first?: { texts: Texts; tokens: TokenTree };
}

/** The bytes of each token by its id; undefined for special tokens, which no text holds. */
export type TokenTexts = readonly (Uint8Array | undefined)[];

export function vocabularyData(texts: TokenTexts, firstTexts: TokenTexts = texts): VocabularyData {
  const treeOf = (all: TokenTexts): TokenTree => ({ trie: createTokenTrie(all), slices: createSlices(all) });
  return {
    size: texts.length,
    texts: joined(texts),
    tokens: treeOf(texts),
    ...(firstTexts !== texts && { first: { texts: joined(firstTexts), tokens: treeOf(firstTexts) } }),
  };
}

/** @param eosTokenId tokens that end a text: what else they would write is not written */
export function vocabularyFrom(data: VocabularyData, eosTokenId: readonly number[]): Vocabulary {
  const { size, texts, tokens } = data;
  const firstTexts = data.first?.texts ?? texts;
  const isEnd = new Set(eosTokenId);
  const reader =
    (from: Texts) =>
    (id: number): Uint8Array | undefined =>
      isEnd.has(id) ? undefined : textAt(from, id);
  const all = (from: Texts): TokenTexts => Array.from({ length: size }, (_, id) => reader(from)(id));
  let listed: TokenTexts | undefined;
  let firstListed: TokenTexts | undefined;
  return {
    size,
    eosTokenId,
    get texts() {
      listed ??= all(texts);
      return listed;
    },
    get firstTexts() {
      firstListed ??= firstTexts === texts ? this.texts : all(firstTexts);
      return firstListed;
    },
    textOf: reader(texts),
    firstTextOf: reader(firstTexts),
    tokens,
    firstTokens: data.first?.tokens ?? tokens,
    isUsable: usableBytes(data, isEnd),
  };
}

/** Bytes that some token writes which does not end the text. */
function usableBytes({ texts, first }: VocabularyData, isEnd: ReadonlySet<number>): Uint8Array {
  const writers = new Int32Array(256);
  for (const each of first ? [texts, first.texts] : [texts]) {
    for (const byte of each.bytes) writers[byte]++;
    for (const id of isEnd) for (const byte of textAt(each, id) ?? []) writers[byte]--;
  }
  return Uint8Array.from(writers, count => (count > 0 ? 1 : 0));
}

function joined(texts: TokenTexts): Texts {
  const starts = new Int32Array(texts.length + 1);
  for (const [id, text] of texts.entries()) starts[id + 1] = starts[id] + (text?.length ?? 0);
  const bytes = new Uint8Array(starts[texts.length]);
  for (const [id, text] of texts.entries()) if (text) bytes.set(text, starts[id]);
  return { bytes, starts };
}

function textAt({ bytes, starts }: Texts, id: number): Uint8Array | undefined {
  const text = bytes.subarray(starts[id], starts[id + 1]);
  return text.length === 0 ? undefined : text;
}
