/**
 * A prefix tree over UTF-16 units with a value at the end of each key. Edges live in one hash table of typed arrays, so
 * that walking it makes no garbage.
 */
import { PairTable } from './pair-table.ts';

export class Trie {
  readonly root = 0;
  readonly #edges: PairTable;
  /** Value and one more of each node, 0 for none. */
  #values = new Int32Array(1 << 10);
  #size = 1;

  /** @param expected roughly how many nodes there will be */
  constructor(expected = 16) {
    this.#edges = new PairTable(expected);
  }

  /** Sets the value of a key, 0 or more. */
  set(key: string, value: number, from = 0): void {
    let node = this.root;
    for (let i = from; i < key.length; i++) {
      const unit = key.charCodeAt(i);
      let next = this.#edges.get(node, unit);
      if (next < 0) {
        next = this.#size++;
        if (next >= this.#values.length) this.#grow();
        this.#edges.set(node, unit, next);
      }
      node = next;
    }
    this.#values[node] = value + 1;
  }

  /** The node that `unit` leads to, or -1. */
  step(node: number, unit: number): number {
    return this.#edges.get(node, unit);
  }

  /** The value at a node, or -1. */
  value(node: number): number {
    return this.#values[node] - 1;
  }

  #grow(): void {
    const larger = new Int32Array(this.#values.length * 2);
    larger.set(this.#values);
    this.#values = larger;
  }
}
