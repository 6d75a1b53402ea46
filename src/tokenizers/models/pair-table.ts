/**
 * A hash table from pairs of token ids to an integer, open addressing in typed arrays: a lookup makes no garbage.
 */
export class PairTable {
  #mask: number;
  #left: Int32Array;
  #right: Int32Array;
  #values: Int32Array;
  #size = 0;

  constructor(expected = 16) {
    let capacity = 16;
    while (capacity < expected * 2) capacity *= 2;
    this.#mask = capacity - 1;
    this.#left = new Int32Array(capacity).fill(-1);
    this.#right = new Int32Array(capacity);
    this.#values = new Int32Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The value of a pair, or -1. */
  get(left: number, right: number): number {
    let slot = hashPair(left, right) & this.#mask;
    for (;;) {
      const at = this.#left[slot];
      if (at === left && this.#right[slot] === right) return this.#values[slot];
      if (at === -1) return -1;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Sets the value of a pair, 0 or more. */
  set(left: number, right: number, value: number): void {
    let slot = hashPair(left, right) & this.#mask;
    while (this.#left[slot] !== -1) {
      if (this.#left[slot] === left && this.#right[slot] === right) {
        this.#values[slot] = value;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#left[slot] = left;
    this.#right[slot] = right;
    this.#values[slot] = value;
    this.#size++;
    if (this.#size * 2 > this.#mask) this.#grow();
  }

  #grow(): void {
    const left = this.#left;
    const right = this.#right;
    const values = this.#values;
    this.#mask = this.#mask * 2 + 1;
    this.#left = new Int32Array(this.#mask + 1).fill(-1);
    this.#right = new Int32Array(this.#mask + 1);
    this.#values = new Int32Array(this.#mask + 1);
    this.#size = 0;
    for (let slot = 0; slot < left.length; slot++) {
      if (left[slot] !== -1) this.set(left[slot], right[slot], values[slot]);
    }
  }
}

function hashPair(left: number, right: number): number {
  const h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca77);
  return (h ^ (h >>> 15)) >>> 0;
}
