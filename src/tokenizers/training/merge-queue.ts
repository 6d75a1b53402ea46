/** What waits to be merged: the most frequent pair first, then the one with the lower left and right ids. */
import { grow } from '../byte-bpe/unit-table.ts';

/** Ids stay below 2²⁶, so that the two of a pair fit exactly into one double, which sorts as they do. */
const IDS = 0x4000000;

/** A binary heap in parallel typed arrays. */
export class MergeQueue {
  size = 0;
  #counts = new Float64Array(1 << 12);
  #orders = new Float64Array(1 << 12);
  #pairs = new Int32Array(1 << 12);
  #words = new Int32Array(1 << 12);

  push(count: number, left: number, right: number, pair: number, words: number): void {
    if (this.size === this.#counts.length) {
      this.#counts = grow(this.#counts, Float64Array, this.size + 1);
      this.#orders = grow(this.#orders, Float64Array, this.size + 1);
      this.#pairs = grow(this.#pairs, Int32Array, this.size + 1);
      this.#words = grow(this.#words, Int32Array, this.size + 1);
    }
    const order = left * IDS + right;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(count, order, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#counts[at] = count;
    this.#orders[at] = order;
    this.#pairs[at] = pair;
    this.#words[at] = words;
  }

  /** The queue must not be empty. */
  pop(): { count: number; pair: number; words: number } {
    const top = { count: this.#counts[0], pair: this.#pairs[0], words: this.#words[0] };
    const last = --this.size;
    const count = this.#counts[last];
    const order = this.#orders[last];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#isBefore(this.#counts[child + 1], this.#orders[child + 1], child)) child++;
      if (this.#isBefore(count, order, child)) break;
      this.#move(child, at);
      at = child;
    }
    this.#move(last, at);
    return top;
  }

  #isBefore(count: number, order: number, other: number): boolean {
    return count > this.#counts[other] || (count === this.#counts[other] && order < this.#orders[other]);
  }

  #move(from: number, to: number): void {
    this.#counts[to] = this.#counts[from];
    this.#orders[to] = this.#orders[from];
    this.#pairs[to] = this.#pairs[from];
    this.#words[to] = this.#words[from];
  }
}
