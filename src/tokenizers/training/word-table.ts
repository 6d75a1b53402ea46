/** How often each of many words occurs. */
import { grow, hashUnits, UnitTable } from '../byte-bpe/unit-table.ts';

/** The counts of a table as plain arrays, which can be sent to another thread. */
export interface WordCounts {
  /** The UTF-16 units of all words, one after the other. */
  keys: Uint16Array<ArrayBuffer>;
  /** Where each word begins in `keys`, and the end of the last. */
  starts: Uint32Array<ArrayBuffer>;
  counts: Float64Array<ArrayBuffer>;
}

export class WordTable {
  readonly #words = new UnitTable();
  #counts = new Float64Array(1 << 9);

  /** Distinct words so far. */
  get size(): number {
    return this.#words.size;
  }

  count(units: Uint16Array, start: number, stop: number, count: number): void {
    const hash = hashUnits(units, start, stop);
    let word = this.#words.find(units, start, stop, hash);
    if (word < 0) {
      word = this.#words.add(units, start, stop, hash);
      if (word >= this.#counts.length) this.#counts = grow(this.#counts, Float64Array, word + 1);
      this.#counts[word] = 0;
    }
    this.#counts[word] += count;
  }

  merge({ keys, starts, counts }: WordCounts): void {
    for (let word = 0; word < counts.length; word++) this.count(keys, starts[word], starts[word + 1], counts[word]);
  }

  clear(): void {
    this.#words.clear();
  }

  result(): WordCounts {
    const { size, starts, keys } = this.#words;
    return {
      keys: keys.slice(0, starts[size]),
      starts: starts.slice(0, size + 1),
      counts: this.#counts.slice(0, size),
    };
  }
}
