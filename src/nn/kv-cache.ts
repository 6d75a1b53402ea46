/**
 * The keys and values of past positions, so that generation computes each position once. Room for all positions is
 * made at the start; a step writes its own and reads a view.
 */
import { dispose, keep, type Tensor, zeros } from '../torch/index.ts';

interface Slot {
  keys: Tensor;
  values: Tensor;
}

export class KVCache implements Disposable {
  /** Positions written so far. */
  length = 0;
  readonly capacity: number;
  readonly #slots: (Slot | undefined)[];
  /** Of the sequence that cross-attention looks at. */
  readonly #crossSlots: (Slot | undefined)[];

  constructor(layers: number, capacity: number) {
    this.capacity = capacity;
    this.#slots = new Array(layers);
    this.#crossSlots = new Array(layers);
  }

  /**
   * Appends the keys and values of new positions to a layer and returns all so far.
   *
   * @param keys [batch, heads, new, dim], `values` the same
   * @returns views [batch, heads, past + new, dim]
   */
  append(layer: number, keys: Tensor, values: Tensor): [keys: Tensor, values: Tensor] {
    const [batch, heads, time, dim] = keys.shape;
    const end = this.length + time;
    if (end > this.capacity) throw new RangeError(`the cache holds ${this.capacity} positions, ${end} were asked for`);
    this.#slots[layer] ??= keep({
      keys: zeros([batch, heads, this.capacity, dim], { dtype: keys.dtype, device: keys.device }),
      values: zeros([batch, heads, this.capacity, dim], { dtype: values.dtype, device: values.device }),
    });
    const slot = this.#slots[layer];
    slot.keys.narrow(2, this.length, time).copy_(keys);
    slot.values.narrow(2, this.length, time).copy_(values);
    return [slot.keys.narrow(2, 0, end), slot.values.narrow(2, 0, end)];
  }

  /** Keys and values that stay the same: made at the first call for a layer, kept for the others. */
  cross(layer: number, make: () => [keys: Tensor, values: Tensor]): [keys: Tensor, values: Tensor] {
    if (!this.#crossSlots[layer]) {
      const [keys, values] = make();
      this.#crossSlots[layer] = keep({ keys, values });
    }
    const { keys, values } = this.#crossSlots[layer];
    return [keys, values];
  }

  /** Call it once after all layers have appended. */
  advance(time: number): void {
    this.length += time;
  }

  /** Forgets all but the first positions: what comes next is written over the others. */
  truncate(length: number): void {
    if (length > this.length) throw new RangeError(`the cache has ${this.length} positions, not ${length}`);
    this.length = length;
  }

  /** Keeps the given rows of the batch, in that order: finished sequences leave, beams change places. */
  selectRows(rows: Tensor): void {
    for (const slot of [...this.#slots, ...this.#crossSlots]) {
      if (!slot) continue;
      const selected = keep({ keys: slot.keys.indexSelect(0, rows), values: slot.values.indexSelect(0, rows) });
      dispose(slot);
      Object.assign(slot, selected);
    }
  }

  dispose(): void {
    for (const slot of [...this.#slots, ...this.#crossSlots]) dispose(slot);
    this.#slots.fill(undefined);
    this.#crossSlots.fill(undefined);
    this.length = 0;
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}
