/**
 * The merge loop of byte pair encoding (Sennrich et al. 2016): as long as any two neighbours form a merge, merge the
 * pair of lowest rank, leftmost first. Works in place on typed arrays and makes no garbage.
 */
import type { PairTable } from './pair-table.ts';

const NONE = 0x7fffffff;
/** Beyond this many symbols, searching all pairs for the next merge costs more than keeping them in a heap. */
const HEAP_FROM = 96;

export class Merger {
  /** Rank of the merge of a pair of ids. */
  readonly #ranks: PairTable;
  /** The token that each merge makes, by rank. */
  readonly #merged: Int32Array;
  /** Input: the ids of the symbols. Output: the ids of the tokens. */
  ids = new Int32Array(256);
  /** Input: the length of each symbol. Output: that of each token. */
  lengths = new Int32Array(256);
  #pairRanks = new Int32Array(256);
  #next = new Int32Array(0);
  #previous = new Int32Array(0);
  readonly #heap = new NumberHeap();
  /** Merges that were left out since the last one that was not. */
  readonly #left: number[] = [];

  constructor(ranks: PairTable, merged: Int32Array) {
    this.#ranks = ranks;
    this.#merged = merged;
  }

  /** Makes room for `count` symbols; what the arrays hold is kept. */
  reserve(count: number): void {
    if (count <= this.ids.length) return;
    const capacity = Math.max(count, this.ids.length * 2);
    this.ids = grown(this.ids, capacity);
    this.lengths = grown(this.lengths, capacity);
    this.#pairRanks = new Int32Array(capacity);
  }

  /** Merges the first `count` symbols of `ids` and `lengths`; returns how many tokens they became. */
  merge(count: number): number {
    return count > HEAP_FROM ? this.mergeWithHeap(count) : this.mergeBySearch(count);
  }

  mergeBySearch(count: number): number {
    const { ids, lengths } = this;
    const ranks = this.#pairRanks;
    for (let i = 0; i + 1 < count; i++) ranks[i] = this.#rank(ids[i], ids[i + 1]);
    while (count > 1) {
      let best = NONE;
      let at = 0;
      for (let i = 0; i + 1 < count; i++) {
        if (ranks[i] < best) {
          best = ranks[i];
          at = i;
        }
      }
      if (best === NONE) break;
      ids[at] = this.#merged[best];
      lengths[at] += lengths[at + 1];
      count--;
      for (let i = at + 1; i < count; i++) {
        ids[i] = ids[i + 1];
        lengths[i] = lengths[i + 1];
        ranks[i] = ranks[i + 1];
      }
      if (at > 0) ranks[at - 1] = this.#rank(ids[at - 1], ids[at]);
      if (at + 1 < count) ranks[at] = this.#rank(ids[at], ids[at + 1]);
    }
    return count;
  }

  /** @param leavesOut whether the merge that is next is left for later (Provilkov et al. 2020); never by default */
  mergeWithHeap(count: number, leavesOut?: () => boolean): number {
    const { ids, lengths } = this;
    const ranks = this.#pairRanks;
    if (this.#next.length < count + 1) {
      this.#next = new Int32Array(ids.length + 1);
      this.#previous = new Int32Array(ids.length + 1);
    }
    const next = this.#next;
    const previous = this.#previous;
    const heap = this.#heap;
    heap.clear();
    for (let i = 0; i < count; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      ranks[i] = i + 1 < count ? this.#rank(ids[i], ids[i + 1]) : NONE;
      if (ranks[i] !== NONE) heap.push(entry(ranks[i], i));
    }
    while (heap.size > 0) {
      const top = heap.pop();
      if (leavesOut) {
        if (leavesOut()) {
          this.#left.push(top);
          continue;
        }
        for (const entry of this.#left) heap.push(entry);
        this.#left.length = 0;
      }
      const rank = Math.floor(top / POSITIONS);
      const at = top - rank * POSITIONS;
      if (ranks[at] !== rank) continue; // the pair there has changed since
      const right = next[at];
      ids[at] = this.#merged[rank];
      lengths[at] += lengths[right];
      ranks[right] = NONE;
      const after = next[right];
      next[at] = after;
      ranks[at] = NONE;
      if (after < count) {
        previous[after] = at;
        ranks[at] = this.#rank(ids[at], ids[after]);
        if (ranks[at] !== NONE) heap.push(entry(ranks[at], at));
      }
      const before = previous[at];
      if (before >= 0) {
        ranks[before] = this.#rank(ids[before], ids[at]);
        if (ranks[before] !== NONE) heap.push(entry(ranks[before], before));
      }
    }
    this.#left.length = 0;
    let kept = 0;
    for (let i = 0; i < count; i = next[i]) {
      ids[kept] = ids[i];
      lengths[kept++] = lengths[i];
    }
    return kept;
  }

  #rank(left: number, right: number): number {
    const rank = this.#ranks.get(left, right);
    return rank === -1 ? NONE : rank;
  }
}

/** Positions below 2³¹ and ranks below 2²² share one exact double, which sorts by rank, then position. */
const POSITIONS = 0x80000000;
const entry = (rank: number, position: number): number => rank * POSITIONS + position;

const grown = (array: Int32Array, capacity: number): Int32Array<ArrayBuffer> => {
  const larger = new Int32Array(capacity);
  larger.set(array);
  return larger;
};

/** A binary heap of numbers, smallest first. */
class NumberHeap {
  #items = new Float64Array(1024);
  size = 0;

  clear(): void {
    this.size = 0;
  }

  push(item: number): void {
    if (this.size === this.#items.length) {
      const larger = new Float64Array(this.size * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    const items = this.#items;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (items[parent] <= item) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  pop(): number {
    const items = this.#items;
    const top = items[0];
    const last = items[--this.size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && items[child + 1] < items[child]) child++;
      if (items[child] >= last) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = last;
    return top;
  }
}
