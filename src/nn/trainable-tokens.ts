/** Some rows of a table of word vectors, learnt while the others stay: new tokens without a second table. */
import { keep, embedding as lookUp, noGrad, scope, type Tensor, tensor } from '../torch/index.ts';
import type { Embedding } from './embedding.ts';
import type { AdaptedLayer, AdapterParameter, LayerAdapter } from './layer-adapter.ts';
import { emptyParameter, type Parameter } from './module.ts';

export class TrainableTokens implements LayerAdapter {
  readonly ids: readonly number[];
  /** [ids, dim]: the rows themselves */
  readonly rows: Parameter;
  /** int64 [count]: which of `rows` an id has, or none: their number. */
  #places: Tensor | undefined;

  /** @throws RangeError when the table has no such row */
  constructor({ weight: { shape } }: Embedding, ids: readonly number[]) {
    const [count, dim] = shape;
    const outside = ids.find(id => id >= count);
    if (outside !== undefined) throw new RangeError(`there is no token ${outside}: the table has ${count} rows`);
    this.ids = ids;
    this.rows = emptyParameter([ids.length, dim]);
  }

  /** int64 [ids, ...] → [..., dim] */
  forward(ids: Tensor, layer: AdaptedLayer): Tensor {
    const place = this.#placesOn(layer).indexSelect(0, ids.flatten()).view(ids.shape);
    const isOwn = place.lt(this.ids.length);
    const rows = lookUp(this.rows, place.clamp({ max: this.ids.length - 1 }));
    const others = layer.own(ids);
    const mask = isOwn.unsqueeze(-1).to(others.dtype);
    return others.mul(mask.neg().add(1)).add(rows.to(others.dtype).mul(mask));
  }

  /** Scores of an output layer that is the table, too. */
  project(scores: Tensor, x: Tensor): Tensor {
    const own = x.matmul(this.rows.to(x.dtype).t()).to(scores.dtype);
    return scores.clone().indexCopy_(scores.dim - 1, this.#index(x), own);
  }

  #index({ device }: Tensor): Tensor {
    return tensor(this.ids as number[], { dtype: 'int64', device });
  }

  #placesOn({ weight }: AdaptedLayer): Tensor {
    this.#places ??= keep(
      scope(() => {
        const places = new Array<number>(weight.size(0)).fill(this.ids.length);
        for (const [i, id] of this.ids.entries()) places[id] = i;
        return tensor(places, { dtype: 'int64', device: this.rows.device });
      }),
    );
    return this.#places;
  }

  merged(weight: Tensor): Tensor {
    return weight.clone().indexCopy_(0, this.#index(weight), this.rows.detach().to('float32'));
  }

  /** The rows as the table has them. */
  copyFrom({ weight }: AdaptedLayer): void {
    scope(() => noGrad(() => this.rows.replace(weight.detach().indexSelect(0, this.#index(weight)))));
  }

  parameters(): AdapterParameter[] {
    return [{ name: 'token_adapter.trainable_tokens_delta', parameter: this.rows }];
  }

  dispose(): void {
    this.rows.dispose();
    this.#places?.dispose();
  }
}
