/**
 * The fast path of pipelines that treat a text chunk by chunk (WordPiece, Unigram): chunks that were seen before are found
 * in a table by their UTF-16 units, the others go through the components one by one.
 */
import { grow, hashUnits, UnitBuffer, UnitTable } from '../byte-bpe/unit-table.ts';
import type { ModelToken } from '../models/model.ts';
import { type Cut, chunkEnd } from './locality.ts';

/** Longer chunks seldom come again. */
const CACHED_LENGTH = 48;
const CACHED_ENTRIES = 1 << 17;

/** The tokens of a pre-token, with offsets in UTF-16 units of the chunk. */
export type ChunkWord = readonly ModelToken[];

export class ChunkEncoder {
  readonly #cut: Cut;
  readonly #keeps: (char: string) => boolean;
  readonly #tokenize: (chunk: string) => ChunkWord[];
  readonly #text = new UnitBuffer();
  readonly #cache = new UnitTable();
  /** The words of each cached chunk. */
  #words: ChunkWord[][] = [];
  /** For each cached chunk, where its ids end in `#cachedIds`. */
  #cachedEnds = new Uint32Array(1 << 9);
  #cachedIds = new Int32Array(1 << 12);
  /** The ids so far are the first `length` of `ids`. */
  #ids = new Int32Array(1 << 12);
  #length = 0;

  /**
   * @param keeps whether normalization leaves anything of a character
   * @param tokenize what the components make of a chunk
   */
  constructor(cut: Cut, keeps: (char: string) => boolean, tokenize: (chunk: string) => ChunkWord[]) {
    this.#cut = cut;
    this.#keeps = keeps;
    this.#tokenize = tokenize;
  }

  /** Forgets ids that were appended and not taken, as after an error. */
  clear(): void {
    this.#length = 0;
  }

  /** Appends an id. */
  push(id: number): void {
    if (this.#length === this.#ids.length) this.#ids = grow(this.#ids, Int32Array, this.#length + 1);
    this.#ids[this.#length++] = id;
  }

  /** Appends the ids of a text. */
  append(text: string): void {
    const end = this.#text.load(text);
    const { units } = this.#text;
    for (let start = 0; start < end; ) {
      const stop = chunkEnd(units, start, end, this.#cut);
      const entry = this.#entry(units, start, stop, text);
      if (entry < 0) {
        for (const word of this.#tokenize(text.slice(start, stop))) for (const { id } of word) this.push(id);
      } else {
        const from = entry === 0 ? 0 : this.#cachedEnds[entry - 1];
        const to = this.#cachedEnds[entry];
        if (this.#length + to - from > this.#ids.length)
          this.#ids = grow(this.#ids, Int32Array, this.#length + to - from);
        for (let i = from; i < to; i++) this.#ids[this.#length++] = this.#cachedIds[i];
      }
      start = stop;
    }
  }

  /** Gives each pre-token's tokens and where its chunk begins to `visit`; ends early when that returns false. */
  forEachWord(text: string, visit: (word: ChunkWord, base: number) => boolean): void {
    const end = this.#text.load(text);
    const { units } = this.#text;
    // What is removed at the very beginning shifts the native library's offsets in all that follows.
    const isWhole = end > 0 && !this.#keeps(String.fromCodePoint(text.codePointAt(0)!));
    for (let start = 0; start < end; ) {
      const stop = isWhole ? end : chunkEnd(units, start, end, this.#cut);
      const entry = this.#entry(units, start, stop, text);
      const words = entry < 0 ? this.#tokenize(text.slice(start, stop)) : this.#words[entry];
      for (const word of words) if (!visit(word, start)) return;
      start = stop;
    }
  }

  /** The ids that were appended since the last call. */
  take(): Uint32Array {
    const ids = new Uint32Array(this.#ids.subarray(0, this.#length));
    this.#length = 0;
    return ids;
  }

  /** The same as a plain list. */
  takeList(): number[] {
    const ids: number[] = [];
    for (let i = 0; i < this.#length; i++) ids.push(this.#ids[i]);
    this.#length = 0;
    return ids;
  }

  /** The cached chunk `units[start, stop)`, or -1 for one that is too long. */
  #entry(units: Uint16Array, start: number, stop: number, text: string): number {
    if (stop - start > CACHED_LENGTH) return -1;
    const hash = hashUnits(units, start, stop);
    const known = this.#cache.find(units, start, stop, hash);
    if (known >= 0) return known;
    const words = this.#tokenize(text.slice(start, stop));
    if (this.#cache.size === CACHED_ENTRIES) {
      this.#cache.clear();
      this.#words = [];
    }
    const entry = this.#cache.add(units, start, stop, hash);
    this.#words[entry] = words;
    let at = entry === 0 ? 0 : this.#cachedEnds[entry - 1];
    for (const word of words) {
      if (at + word.length > this.#cachedIds.length)
        this.#cachedIds = grow(this.#cachedIds, Int32Array, at + word.length);
      for (const { id } of word) this.#cachedIds[at++] = id;
    }
    if (entry >= this.#cachedEnds.length) this.#cachedEnds = grow(this.#cachedEnds, Uint32Array, entry + 1);
    this.#cachedEnds[entry] = at;
    return entry;
  }
}
