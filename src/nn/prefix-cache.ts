/** Keys and values of positions before the first, as prefix tuning learns them: a cache that a pass reads and does not fill. */
import { cat, type Tensor } from '../torch/index.ts';
import { KVCache } from './kv-cache.ts';

export class PrefixCache extends KVCache {
  readonly #pairs: readonly (readonly [keys: Tensor, values: Tensor])[];

  /** @param pairs of each layer, [1, heads, count, dim] */
  constructor(pairs: readonly (readonly [keys: Tensor, values: Tensor])[]) {
    const count = pairs[0][0].size(2);
    super(pairs.length, count);
    this.#pairs = pairs;
    this.length = count;
  }

  override append(layer: number, keys: Tensor, values: Tensor): [keys: Tensor, values: Tensor] {
    const [before, valuesBefore] = this.#pairs[layer].map(part =>
      part.to(keys.dtype).expand([keys.size(0), -1, -1, -1]),
    );
    return [cat([before, keys], 2), cat([valuesBefore, values], 2)];
  }

  override cross(_layer: number, make: () => [keys: Tensor, values: Tensor]): [keys: Tensor, values: Tensor] {
    return make();
  }

  override advance(): void {}
}
