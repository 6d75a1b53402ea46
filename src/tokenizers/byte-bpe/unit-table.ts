/**
 * A hash table whose keys are stretches of UTF-16 units. Keys live in one array and entries are numbered in the order
 * in which they were added, so that values can live in arrays beside it; a lookup makes no garbage.
 */
export class UnitTable {
  size = 0;
  /** All keys, one after the other; entry `i` is `[starts[i], starts[i + 1])`. */
  keys = new Uint16Array(1 << 12);
  starts = new Uint32Array(1 << 9);
  #hashes = new Int32Array(1 << 9);
  /** Entry and one more, or 0 for an empty slot. */
  #slots = new Int32Array(1 << 10);

  clear(): void {
    this.size = 0;
    this.#slots.fill(0);
  }

  /** The entry of `units[start, end)`, or -1. */
  find(units: Uint16Array, start: number, end: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const { keys, starts } = this;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot] - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] !== hash) continue;
      const key = starts[entry];
      if (starts[entry + 1] - key !== length) continue;
      let i = 0;
      while (i < length && keys[key + i] === units[start + i]) i++;
      if (i === length) return entry;
    }
  }

  /** Adds a key that is not there yet and returns its entry. */
  add(units: Uint16Array, start: number, end: number, hash: number): number {
    const entry = this.size++;
    const at = this.starts[entry];
    const length = end - start;
    if (entry + 1 >= this.starts.length) {
      this.starts = grow(this.starts, Uint32Array, entry + 2);
      this.#hashes = grow(this.#hashes, Int32Array, entry + 2);
    }
    if (at + length > this.keys.length) this.keys = grow(this.keys, Uint16Array, at + length);
    for (let i = 0; i < length; i++) this.keys[at + i] = units[start + i];
    this.starts[entry + 1] = at + length;
    this.#hashes[entry] = hash;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    else this.#place(entry);
    return entry;
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let slot = this.#hashes[entry] & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = entry + 1;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    for (let entry = 0; entry < this.size; entry++) this.#place(entry);
  }
}

/** FNV-1a over units, with the high bits mixed into the low ones. */
export function hashUnits(units: Uint16Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ units[i], 0x01000193);
  return hash ^ (hash >>> 15);
}

/** A copy at least twice as long. */
export function grow<Array extends Uint16Array | Uint32Array | Int32Array | Float64Array>(
  array: Array,
  make: new (length: number) => Array,
  needed: number,
): Array {
  const larger = new make(Math.max(needed, array.length * 2));
  larger.set(array);
  return larger;
}

/** Room for a text's UTF-16 units, used again for every text. */
export class UnitBuffer {
  #bytes = Buffer.from(new ArrayBuffer(1 << 14));
  units = new Uint16Array(this.#bytes.buffer);

  /** Fills `units` with the text; returns its length. */
  load(text: string): number {
    if (text.length > this.units.length) {
      this.#bytes = Buffer.from(new ArrayBuffer(2 * Math.max(text.length, 2 * this.units.length)));
      this.units = new Uint16Array(this.#bytes.buffer);
    }
    this.#bytes.write(text, 0, 'utf16le');
    return text.length;
  }
}
