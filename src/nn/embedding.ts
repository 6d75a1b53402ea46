import { castInput, castWeight } from '../torch/autocast.ts';
import { embedding, linear, type Tensor } from '../torch/index.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';

/** A table of vectors, one for each id. */
export class Embedding extends Module {
  /** [count, dim] */
  readonly weight: Parameter;

  constructor(count: number, dim: number) {
    super();
    this.weight = emptyParameter([count, dim]);
  }

  /** int64 [...] → [..., dim] */
  forward(ids: Tensor): Tensor {
    return embedding(this.weight, ids);
  }

  /** The table as an output layer (weight tying, Press & Wolf 2017): [..., dim] → [..., count] */
  project(x: Tensor): Tensor {
    return linear(castInput(x), castWeight(this.weight));
  }
}
