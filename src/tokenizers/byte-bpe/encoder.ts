/**
 * The fast path of byte-level BPE: from text to ids without an object a token. Pre-tokens that were seen before are
 * found in a table; the others are merged byte by byte. Gives what the components of `Tokenizer` give one by one, and
 * is tested against them.
 */
import { BYTE_TO_CHAR } from '../byte-alphabet.ts';
import type { Bpe } from '../models/bpe.ts';
import { Merger } from '../models/merger.ts';
import type { Scanner } from './scanners.ts';
import { grow, hashUnits, UnitBuffer, UnitTable } from './unit-table.ts';
import { encodeUtf8 } from './utf8.ts';

/** Longer pre-tokens seldom come again. */
const CACHED_LENGTH = 32;
const CACHED_ENTRIES = 1 << 18;

export class ByteBpeEncoder {
  readonly #scan: Scanner;
  readonly #bpe: Bpe;
  readonly #byteIds: Int32Array;
  readonly #merger: Merger;
  readonly #text = new UnitBuffer();
  readonly #cache = new UnitTable();
  /** For each cached pre-token, where its ids end in `#cachedIds`. */
  #cachedEnds = new Uint32Array(1 << 9);
  #cachedIds = new Int32Array(1 << 12);
  #bytes = new Uint8Array(256);
  /** The ids so far are the first `length` of `ids`. */
  #ids = new Int32Array(1 << 12);
  #length = 0;
  /** Where the pre-tokens so far end among the ids. */
  #wordEnds = new Uint32Array(1 << 10);
  #words = 0;
  /** The tokens of the last pre-token: `#found[#from]` to `#found[#to - 1]`. */
  #found = this.#cachedIds;
  #from = 0;
  #to = 0;

  private constructor(bpe: Bpe, byteIds: Int32Array, scan: Scanner) {
    this.#bpe = bpe;
    this.#byteIds = byteIds;
    this.#scan = scan;
    this.#merger = new Merger(bpe.ranks, bpe.merged);
  }

  /** An encoder, or undefined when the vocabulary lacks a byte and so may meet unknown ones. */
  static create(bpe: Bpe, scan: Scanner): ByteBpeEncoder | undefined {
    const ids = BYTE_TO_CHAR.map(char => bpe.tokenToId(char));
    return ids.includes(undefined) ? undefined : new ByteBpeEncoder(bpe, Int32Array.from(ids as number[]), scan);
  }

  /** Forgets ids that were appended and not taken, as after an error. */
  clear(): void {
    this.#length = 0;
    this.#words = 0;
  }

  /** How many ids were appended. */
  get length(): number {
    return this.#length;
  }

  /** Appends an id that is a pre-token of its own. */
  push(id: number): void {
    if (this.#length === this.#ids.length) this.#ids = grow(this.#ids, Int32Array, this.#length + 1);
    this.#ids[this.#length++] = id;
    this.#endWord();
  }

  /** Appends the ids of a text, up to the pre-token with which there are `enough` ids. */
  append(text: string, enough = Number.POSITIVE_INFINITY): void {
    const end = this.#text.load(text);
    const { units } = this.#text;
    const scan = this.#scan;
    for (let start = 0; start < end; ) {
      const stop = scan(units, start, end, text);
      this.#find(units, start, stop);
      const from = this.#from;
      const count = this.#to - from;
      const length = this.#length;
      if (length + count > this.#ids.length) this.#ids = grow(this.#ids, Int32Array, length + count);
      const ids = this.#ids;
      const found = this.#found;
      for (let i = 0; i < count; i++) ids[length + i] = found[from + i];
      this.#length = length + count;
      this.#endWord();
      if (this.#length >= enough) return;
      start = stop;
    }
  }

  /** The ids that were appended since the last call. */
  take(): Uint32Array {
    const ids = new Uint32Array(this.#ids.subarray(0, this.#length));
    this.clear();
    return ids;
  }

  /** The ids that were appended since the last call, and where pre-tokens end among them. */
  takeWords(): { ids: number[]; wordEnds: number[] } {
    const ids = firstOf(this.#ids, this.#length);
    const wordEnds = firstOf(this.#wordEnds, this.#words);
    this.clear();
    return { ids, wordEnds };
  }

  #endWord(): void {
    if (this.#words === this.#wordEnds.length) this.#wordEnds = grow(this.#wordEnds, Uint32Array, this.#words + 1);
    this.#wordEnds[this.#words++] = this.#length;
  }

  /** Sets `#found`, `#from` and `#to` to the tokens of a pre-token. */
  #find(units: Uint16Array, start: number, stop: number): void {
    if (stop - start > CACHED_LENGTH) {
      this.#from = 0;
      this.#to = this.#merge(units, start, stop);
      this.#found = this.#merger.ids;
      return;
    }
    const hash = hashUnits(units, start, stop);
    let entry = this.#cache.find(units, start, stop, hash);
    if (entry < 0) entry = this.#remember(units, start, stop, hash);
    this.#from = entry === 0 ? 0 : this.#cachedEnds[entry - 1];
    this.#to = this.#cachedEnds[entry];
    this.#found = this.#cachedIds;
  }

  #remember(units: Uint16Array, start: number, stop: number, hash: number): number {
    if (this.#cache.size === CACHED_ENTRIES) this.#cache.clear();
    const count = this.#merge(units, start, stop);
    const entry = this.#cache.add(units, start, stop, hash);
    const from = entry === 0 ? 0 : this.#cachedEnds[entry - 1];
    if (entry >= this.#cachedEnds.length) this.#cachedEnds = grow(this.#cachedEnds, Uint32Array, entry + 1);
    if (from + count > this.#cachedIds.length) this.#cachedIds = grow(this.#cachedIds, Int32Array, from + count);
    for (let i = 0; i < count; i++) this.#cachedIds[from + i] = this.#merger.ids[i];
    this.#cachedEnds[entry] = from + count;
    return entry;
  }

  /** Leaves the tokens of a pre-token in the merger; returns their number. */
  #merge(units: Uint16Array, start: number, stop: number): number {
    const room = 3 * (stop - start);
    if (room > this.#bytes.length) this.#bytes = new Uint8Array(2 * room);
    const bytes = this.#bytes;
    const count = encodeUtf8(units, start, stop, bytes);
    const merger = this.#merger;
    merger.reserve(count);
    if (this.#bpe.ignoreMerges) {
      let token = '';
      for (let i = 0; i < count; i++) token += BYTE_TO_CHAR[bytes[i]];
      const id = this.#bpe.tokenToId(token);
      if (id !== undefined) {
        merger.ids[0] = id;
        return 1;
      }
    }
    for (let i = 0; i < count; i++) merger.ids[i] = this.#byteIds[bytes[i]];
    return merger.merge(count);
  }
}

function firstOf(list: Int32Array | Uint32Array, count: number): number[] {
  const first = new Array<number>(count);
  for (let i = 0; i < count; i++) first[i] = list[i];
  return first;
}
