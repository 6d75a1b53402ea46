/** Embedding tables. */
import { castInput, castWeight } from '../torch/autocast.ts';
import { keep, type Tensor } from '../torch/index.ts';
import { embedding, linear } from '../torch/kernels.ts';
import { isFused, linearProduct, packedLinear, packWeight } from '../torch/products.ts';
import type { LayerAdapter } from './layer-adapter.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';

/** A table of vectors, one for each id. */
export class Embedding extends Module {
  /** [count, dim] */
  readonly weight: Parameter;
  /** Looking this row up gives it no gradient. */
  readonly paddingIdx: number | undefined;
  /** How rows are looked up while an adapter is in use (`withAdapter`). */
  adapter: LayerAdapter | undefined;
  #packed: { weight: Parameter; data: Tensor } | undefined;

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
    if (this.#packed?.weight === this.weight) {
      return packedLinear(x.to('bfloat16'), this.#packed.data, this.weight.shape[0], { bias });
    }
    const input = castInput(x);
    if (isFused(input, [this.weight, bias])) return linearProduct(input, this.weight, { bias });
    return linear(input, castWeight(this.weight), castWeight(bias));
  }

  /** Keeps the table once more in the order in which `project` reads it. */
  pack(): void {
    this.#packed = { weight: this.weight, data: keep(packWeight(this.weight)) };
  }

  override dispose(): void {
    super.dispose();
    this.#packed?.data.dispose();
  }
}
