/** Byte pair encoding (Sennrich et al. 2016) over the code points of a pre-token. */
import { z } from 'zod';
import { createRandom } from '../../support/random.ts';
import { type Factory, malformed, parseConfig } from '../folders/tokenizer-json.ts';
import { byteToken } from './byte-token.ts';
import { Merger } from './merger.ts';
import type { Model, ModelToken } from './model.ts';
import { PairTable } from './pair-table.ts';
import { TokenCache } from './token-cache.ts';
import { Vocabulary, vocabSchema } from './vocabulary.ts';

const optionalText = z.string().nullish();

const schema = z.strictObject({
  type: z.literal('BPE').optional(),
  /** How often a merge is left out, so that a text is cut in many ways; for training only. */
  dropout: z.number().min(0).max(1).nullish(),
  unk_token: optionalText,
  continuing_subword_prefix: optionalText,
  end_of_word_suffix: optionalText,
  fuse_unk: z.boolean().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  vocab: vocabSchema,
  merges: z.custom<(string | [string, string])[]>(Array.isArray, 'a list is expected'),
});

export const createBpe: Factory<Model> = (config, where) => new Bpe(config, where);

export class Bpe implements Model {
  readonly vocabulary: Vocabulary;
  /** Rank of the merge of two ids, and the token that each merge makes. */
  readonly ranks: PairTable;
  readonly merged: Int32Array;
  readonly ignoreMerges: boolean;
  /** Whether the same text may be cut in another way the next time. */
  readonly isRandom: boolean;
  readonly #options: z.output<typeof schema>;
  readonly #merger: Merger;
  readonly #cache = new TokenCache(piece => this.#tokenize(piece));
  readonly #leavesOut: (() => boolean) | undefined;
  readonly #where: string;
  /** The most symbols that a UTF-16 unit can fall back to. */
  readonly #bytesPerUnit: number;

  constructor(config: unknown, where: string) {
    this.#where = where;
    this.#options = parseConfig(schema, config, where);
    const { vocab, merges, continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = this.#options;
    const dropout = this.#options.dropout ?? 0;
    this.isRandom = dropout > 0;
    const random = createRandom(0);
    this.#leavesOut = this.isRandom ? () => random.next() < dropout : undefined;
    this.vocabulary = new Vocabulary(vocab, where);
    this.ignoreMerges = this.#options.ignore_merges ?? false;
    this.ranks = new PairTable(merges.length);
    this.merged = new Int32Array(merges.length);
    for (const [rank, merge] of merges.entries()) {
      const [left, right, more] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
      if (typeof left !== 'string' || typeof right !== 'string' || more !== undefined) {
        throw malformed(where, `'merges.${rank}': two tokens are expected, not ${JSON.stringify(merge)}`);
      }
      const name = `merges.${rank}`;
      this.ranks.set(this.#known(left, name), this.#known(right, name), rank);
      this.merged[rank] = this.#known(left + right.slice(prefix?.length ?? 0), name);
    }
    this.#merger = new Merger(this.ranks, this.merged);
    this.#bytesPerUnit = 4 + Buffer.byteLength(`${prefix ?? ''}${suffix ?? ''}`);
  }

  get size(): number {
    return this.vocabulary.size;
  }

  get idLimit(): number {
    return this.vocabulary.idLimit;
  }

  tokenToId(token: string): number | undefined {
    return this.vocabulary.ids.get(token);
  }

  idToToken(id: number): string | undefined {
    return this.vocabulary.token(id);
  }

  tokenize(piece: string): readonly ModelToken[] {
    return this.isRandom ? this.#tokenize(piece) : this.#cache.get(piece);
  }

  #known(token: string, key: string): number {
    const id = this.vocabulary.ids.get(token);
    if (id !== undefined) return id;
    throw malformed(this.#where, `'${key}': token ${JSON.stringify(token)} is not in the vocabulary`);
  }

  #tokenize(piece: string): ModelToken[] {
    const whole = this.ignoreMerges && !this.isRandom ? this.vocabulary.ids.get(piece) : undefined;
    if (whole !== undefined) return [{ id: whole, token: piece, start: 0, end: piece.length }];
    const merger = this.#merger;
    merger.reserve(this.#bytesPerUnit * piece.length);
    const symbols = this.#symbols(piece);
    const count = this.#leavesOut ? merger.mergeWithHeap(symbols, this.#leavesOut) : merger.merge(symbols);
    const bytes = this.#byteOffsets(piece);
    const tokens: ModelToken[] = [];
    let byte = 0;
    for (let i = 0; i < count; i++) {
      const start = bytes[byte];
      byte += merger.lengths[i];
      // A byte of a character stands for the whole character.
      const end = bytes[byte - 1] === bytes[byte] ? nextDifferent(bytes, byte) : bytes[byte];
      tokens.push({ id: merger.ids[i], token: this.vocabulary.token(merger.ids[i])!, start, end });
    }
    return tokens;
  }

  /** Writes the characters' ids and UTF-8 lengths to the merger; returns their number. */
  #symbols(piece: string): number {
    const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = this.#options;
    const { unk_token: unknown, fuse_unk: fuse } = this.#options;
    const { ids, lengths } = this.#merger;
    let count = 0;
    let lastUnknown = -1;
    let index = 0;
    for (const char of piece) {
      let symbol = char;
      if (prefix && index > 0) symbol = prefix + symbol;
      index += char.length;
      if (suffix && index === piece.length) symbol += suffix;
      const bytes = utf8Length(char);
      const id = this.vocabulary.ids.get(symbol);
      const fallback = id === undefined && this.#options.byte_fallback ? this.#byteIds(symbol) : undefined;
      if (id !== undefined) {
        ids[count] = id;
        lengths[count++] = bytes;
      } else if (fallback) {
        for (const [i, byteId] of fallback.entries()) {
          ids[count] = byteId;
          // Bytes of a prefix or suffix stand for nothing in the text.
          lengths[count++] = i < bytes ? 1 : 0;
        }
      } else if (unknown) {
        if (fuse && lastUnknown === count - 1 && lastUnknown >= 0) {
          lengths[lastUnknown] += bytes;
        } else {
          lastUnknown = count;
          ids[count] = this.#known(unknown, 'unk_token');
          lengths[count++] = bytes;
        }
      }
    }
    return count;
  }

  /** The ids of `<0x..>` for each byte, or undefined when the vocabulary lacks one. */
  #byteIds(symbol: string): number[] | undefined {
    const ids: number[] = [];
    for (const byte of Buffer.from(symbol)) {
      const id = this.vocabulary.ids.get(byteToken(byte));
      if (id === undefined) return undefined;
      ids.push(id);
    }
    return ids;
  }

  /** The UTF-16 index of the character that each UTF-8 byte belongs to; one entry more for the end. */
  #byteOffsets(piece: string): Uint32Array {
    const offsets = new Uint32Array(piece.length * 3 + 1);
    let byte = 0;
    let index = 0;
    for (const char of piece) {
      offsets.fill(index, byte, byte + utf8Length(char));
      byte += utf8Length(char);
      index += char.length;
    }
    offsets[byte] = piece.length;
    return offsets.subarray(0, byte + 1);
  }
}

function nextDifferent(offsets: Uint32Array, at: number): number {
  let next = at;
  while (offsets[next] === offsets[at]) next++;
  return offsets[next];
}

function utf8Length(char: string): number {
  const code = char.codePointAt(0)!;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
