/**
 * A set of 64-bit hashes, for finding exact duplicates: open addressing with linear probing in typed arrays, 8 bytes a
 * slot. Among ten million documents, two that differ share a hash with a chance of 3 in a million.
 */
export class HashSet {
  size = 0;
  private slots: number;
  private high: Uint32Array;
  private low: Uint32Array;

  constructor({ slots = 1 << 16 }: { slots?: number } = {}) {
    this.slots = slots;
    this.high = new Uint32Array(slots);
    this.low = new Uint32Array(slots);
  }

  /** Adds a hash; false when it was there already. */
  add(high: number, low: number): boolean {
    // All zeros marks a free slot.
    const lowKey = high === 0 && low === 0 ? 1 : low;
    const slot = this.find(high, lowKey);
    if (this.high[slot] !== 0 || this.low[slot] !== 0) return false;
    this.high[slot] = high;
    this.low[slot] = lowKey;
    if (++this.size > 0.7 * this.slots) this.grow();
    return true;
  }

  /** The slot of this hash, or the free one where it belongs. */
  private find(high: number, low: number): number {
    const mask = this.slots - 1;
    let slot = low & mask;
    while ((this.high[slot] !== 0 || this.low[slot] !== 0) && (this.high[slot] !== high || this.low[slot] !== low)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private grow(): void {
    const { high, low } = this;
    this.slots *= 2;
    this.high = new Uint32Array(this.slots);
    this.low = new Uint32Array(this.slots);
    for (let i = 0; i < high.length; i++) {
      if (high[i] === 0 && low[i] === 0) continue;
      const slot = this.find(high[i], low[i]);
      this.high[slot] = high[i];
      this.low[slot] = low[i];
    }
  }
}
