/**
 * Unigram language model (Kudo 2018): of all ways to cut a pre-token into entries of the vocabulary, the one whose
 * scores, which are log probabilities, have the largest sum. Found by Viterbi's algorithm from left to right.
 */
import { z } from 'zod';
import { UserError } from '../../support/errors.ts';
import { type Factory, malformed, parseConfig } from '../folders/tokenizer-json.ts';
import { excerpt } from '../unicode/unicode.ts';
import { byteToken } from './byte-token.ts';
import type { Model, ModelToken } from './model.ts';
import { TokenCache } from './token-cache.ts';
import { Trie } from './trie.ts';

const schema = z.strictObject({
  type: z.literal('Unigram').optional(),
  unk_id: z.int().nonnegative().nullish(),
  vocab: z.custom<[token: string, score: number][]>(Array.isArray, 'a list of tokens and scores is expected'),
  byte_fallback: z.boolean().default(false),
});

/** How much worse than the worst entry an unknown character is. */
const UNKNOWN_PENALTY = 10;

export const createUnigram: Factory<Model> = (config, where) => {
  const { unk_id: givenUnknown, vocab, byte_fallback: byteFallback } = parseConfig(schema, config, where);
  const unknownId = givenUnknown ?? undefined;
  const ids = new Map<string, number>();
  const trie = new Trie(4 * vocab.length);
  const scores = new Float64Array(vocab.length);
  for (const [id, entry] of vocab.entries()) {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string' || !Number.isFinite(entry[1])) {
      throw malformed(where, `'vocab.${id}': a token and its score are expected, not ${JSON.stringify(entry)}`);
    }
    const [token, score] = entry;
    scores[id] = score;
    ids.set(token, id);
    if (token !== '') trie.set(token, id);
  }
  if (unknownId !== undefined && unknownId >= vocab.length) {
    throw malformed(where, `'unk_id' is ${unknownId}, and the vocabulary has ${vocab.length} entries`);
  }
  const unknownScore =
    scores.reduce((worst, score) => Math.min(worst, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;

  // The best path to each place of the text: its score, its last token, and where that begins.
  let best = new Float64Array(256);
  let lastIds = new Int32Array(256);
  let starts = new Int32Array(256);

  const noUnknown = (piece: string): UserError =>
    new UserError('TSLM_UNKNOWN_TOKEN', `${where}: ${excerpt(piece)} has a character that is not in the vocabulary`, {
      hint: "the model has no 'unk_id' to stand for it",
    });

  /** Fills `best`, `lastIds` and `starts`. */
  const search = (piece: string): void => {
    const { length } = piece;
    if (length >= best.length) {
      best = new Float64Array(2 * length);
      lastIds = new Int32Array(2 * length);
      starts = new Int32Array(2 * length);
    }
    starts.fill(-1, 0, length + 1);
    best[0] = 0;
    for (let start = 0; start < length; ) {
      const width = unitsAt(piece, start);
      const before = best[start];
      let isKnown = false;
      let node = trie.root;
      for (let at = start; at < length; at++) {
        node = trie.step(node, piece.charCodeAt(at));
        if (node < 0) break;
        const id = trie.value(node);
        if (id < 0) continue;
        const end = at + 1;
        const score = before + scores[id];
        if (starts[end] < 0 || score > best[end]) {
          best[end] = score;
          starts[end] = start;
          lastIds[end] = id;
        }
        if (end - start === width) isKnown = true;
      }
      const end = start + width;
      if (!isKnown && (starts[end] < 0 || before + unknownScore > best[end])) {
        if (unknownId === undefined) throw noUnknown(piece);
        best[end] = before + unknownScore;
        starts[end] = start;
        lastIds[end] = unknownId;
      }
      start = end;
    }
  };

  /** The tokens of a stretch without an entry of its own. */
  const unknown = (token: string, start: number, end: number): ModelToken[] => {
    const known = ids.get(token);
    if (known !== undefined) return [{ id: known, token, start, end }];
    if (byteFallback) {
      const bytes = [...Buffer.from(token)].map(byteToken);
      if (bytes.every(byte => ids.has(byte)))
        return bytes.map(byte => ({ id: ids.get(byte)!, token: byte, start, end }));
    }
    return [{ id: unknownId!, token, start, end }];
  };

  const cut = (piece: string): ModelToken[] => {
    search(piece);
    const tokens: ModelToken[] = [];
    for (let end = piece.length; end > 0; ) {
      let start = starts[end];
      const id = lastIds[end];
      if (id === unknownId) {
        // Unknown characters in a row are one unknown token.
        while (start > 0 && lastIds[start] === unknownId) start = starts[start];
        for (const token of unknown(piece.slice(start, end), start, end).reverse()) tokens.push(token);
      } else {
        tokens.push({ id, token: vocab[id][0], start, end });
      }
      end = start;
    }
    return tokens.reverse();
  };

  const cache = new TokenCache(cut);
  return {
    size: vocab.length,
    idLimit: vocab.length,
    tokenToId: token => ids.get(token),
    idToToken: id => vocab[id]?.[0],
    tokenize: piece => cache.get(piece),
  };
};

/** 2 where a character above U+FFFF begins, else 1. */
const unitsAt = (text: string, at: number): number => (text.codePointAt(at)! > 0xffff ? 2 : 1);
