/** Embedding tables. */
import { castInput, castWeight } from '../torch/autocast.ts';
import type { Tensor } from '../torch/index.ts';
import { embedding, linear } from '../torch/kernels.ts';
import { isFused, linearProduct } from '../torch/products.ts';
import type { LayerAdapter } from './layer-adapter.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';
import { type PackedForm, type PackedWeight, packedWeight } from './weights/packed.ts';

/** A table of vectors, one for each id. */
export class Embedding extends Module {
  /** [count, dim] */
  readonly weight: Parameter;
  /** Looking this row up gives it no gradient. */
  readonly paddingIdx: number | undefined;
  /** How rows are looked up while an adapter is in use (`withAdapter`). */
  adapter: LayerAdapter | undefined;
  #packed: { weight: Parameter; data: PackedWeight } | undefined;

  /** @throws RangeError when there is no row for padding */
  constructor(count: number, dim: number, { paddingIdx }: { paddingIdx?: number } = {}) {
    super();
    if (paddingIdx !== undefined && (paddingIdx < 0 || paddingIdx >= count)) {
      throw new RangeError(`the padding id ${paddingIdx} is not among the ${count} that the table has`);
    }
    this.weight = emptyParameter([count, dim]);
    this.paddingIdx = paddingIdx;
  }

  /** int64 [...] → [..., dim] */
  forward(ids: Tensor): Tensor {
    return this.adapter ? this.adapter.forward(ids, this) : this.own(ids);
  }

  /** The same without the adapter in use. */
  own(ids: Tensor): Tensor {
    return embedding(this.weight, ids, this.paddingIdx);
  }

  /** The table as an output layer (weight tying, Press & Wolf 2017): [..., dim] → [..., count] */
  project(x: Tensor, { bias }: { bias?: Tensor } = {}): Tensor {
    const scores = this.#scores(x, bias);
    return this.adapter?.project?.(scores, x) ?? scores;
  }

  #scores(x: Tensor, bias: Tensor | undefined): Tensor {
    // An adapter may have put another table in place of this one's own.
    if (this.packedForm) return this.#packed!.data.product(x, { bias });
    const input = castInput(x);
    if (isFused(input, [this.weight, bias])) return linearProduct(input, this.weight, { bias });
    return linear(input, castWeight(this.weight), castWeight(bias));
  }

  /** Keeps the table once more in the order in which `project` reads it. */
  pack(form: PackedForm = 'bfloat16'): void {
    this.#packed = { weight: this.weight, data: packedWeight(this.weight, form) };
  }

  /** What `project` reads of the table. */
  get projectionBytes(): number {
    return this.packedForm ? this.#packed!.data.bytes : this.weight.nbytes;
  }

  /** What `project` reads, if the table was packed. */
  get packedForm(): PackedForm | undefined {
    return this.#packed?.weight === this.weight ? this.#packed.data.form : undefined;
  }

  override dispose(): void {
    super.dispose();
    this.#packed?.data.dispose();
  }
}
