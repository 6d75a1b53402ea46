/**
 * Attention with relative positions (Dai et al. 2019) and relative segments (Yang et al. 2019, 2.5): a score is the sum
 * of what query and key say, of what the query says of the distance, and of what it says of being in the same segment.
 */
import { castInput, castWeight } from '../torch/autocast.ts';
import { linear, type Tensor } from '../torch/index.ts';
import { Dropout } from './dropout.ts';
import { emptyParameter, Module, type Parameter } from './module.ts';

export interface RelativeAttentionOptions {
  hidden: number;
  heads: number;
  headDim: number;
  /** On the attention probabilities. */
  dropout: number;
}

/** What queries are compared with: all [batch, heads, positions, headDim]. */
export interface RelativeKeys {
  key: Tensor;
  value: Tensor;
  /** Of the distances from the farthest key before to the farthest after: [1, heads, distances, headDim]. */
  distance: Tensor;
}

export interface RelativeScores {
  /** [batch, 1, queries, keys]: 1 where a query may not see a key */
  hidden?: Tensor;
  /** [batch, 1, queries, keys]: 1 where query and key are of different segments */
  otherSegment?: Tensor;
}

export class RelativeAttention extends Module {
  // All [hidden, heads, headDim].
  readonly q: Parameter;
  readonly k: Parameter;
  readonly v: Parameter;
  readonly o: Parameter;
  readonly r: Parameter;
  // What every query adds when it looks at contents, distances and segments: [heads, headDim].
  readonly contentBias: Parameter;
  readonly distanceBias: Parameter;
  readonly segmentBias: Parameter;
  /** [2, heads, headDim]: for the same segment, and for another. */
  readonly segments: Parameter;
  readonly dropout: Dropout;
  readonly options: RelativeAttentionOptions;

  constructor(options: RelativeAttentionOptions) {
    super();
    const { hidden, heads, headDim, dropout } = options;
    const projection = (): Parameter => emptyParameter([hidden, heads, headDim]);
    const bias = (): Parameter => emptyParameter([heads, headDim]);
    this.options = options;
    this.q = projection();
    this.k = projection();
    this.v = projection();
    this.o = projection();
    this.r = projection();
    this.contentBias = bias();
    this.distanceBias = bias();
    this.segmentBias = bias();
    this.segments = emptyParameter([2, heads, headDim]);
    this.dropout = new Dropout(dropout);
  }

  /** [batch, time, hidden] → [batch, heads, time, headDim] */
  queries(x: Tensor): Tensor {
    return this.#project(x, this.q);
  }

  /**
   * @param x [batch, keys, hidden]
   * @param distances [1, distances, hidden]: an encoding of each
   */
  keys(x: Tensor, distances: Tensor): RelativeKeys {
    return {
      key: this.#project(x, this.k),
      value: this.#project(x, this.v),
      distance: this.#project(distances, this.r),
    };
  }

  /** Context [batch, heads, queries, headDim] and probabilities [batch, heads, queries, keys]. */
  attend(query: Tensor, { key, value, distance }: RelativeKeys, { hidden, otherSegment }: RelativeScores) {
    const { headDim } = this.options;
    const biased = (bias: Parameter): Tensor => query.add(bias.to(query.dtype).unsqueeze(1));
    const content = biased(this.contentBias).matmul(key.transpose(-1, -2));
    const byDistance = biased(this.distanceBias).matmul(distance.transpose(-1, -2));
    let scores = content.add(relativeShift(byDistance, key.size(2)));
    if (otherSegment) {
      const table = this.segments.to(query.dtype).permute([1, 2, 0]); // [heads, headDim, 2]
      const [same, other] = biased(this.segmentBias).matmul(table).chunk(2, -1); // [batch, heads, queries, 1]
      scores = scores.add(same.add(other.sub(same).mul(otherSegment.to(query.dtype))));
    }
    scores = scores.div(Math.sqrt(headDim)).to('float32');
    // As the reference does it: a query that may see nothing looks at every key alike.
    if (hidden) scores = scores.sub(hidden.to('float32').mul(1e30));
    const probabilities = scores.softmax(-1).to(value.dtype);
    return { context: this.dropout.forward(probabilities).matmul(value), probabilities };
  }

  /** [batch, heads, time, headDim] → [batch, time, hidden] */
  output(context: Tensor): Tensor {
    const [batch, heads, time, dim] = context.shape;
    const joined = context.transpose(1, 2).reshape([batch, time, heads * dim]);
    return linear(joined, castWeight(this.o).view([-1, heads * dim]));
  }

  #project(x: Tensor, weight: Parameter): Tensor {
    const { hidden, heads, headDim } = this.options;
    const [batch, time] = x.shape;
    const projected = castInput(x).matmul(castWeight(weight).view([hidden, heads * headDim]));
    return projected.view([batch, time, heads, headDim]).transpose(1, 2).contiguous();
  }
}

/**
 * Scores by distance → scores by key: the first column belongs to the farthest key before the last query's next, and
 * each query starts one column before the one above it.
 *
 * @param scores [batch, heads, queries, distances]
 * @returns [batch, heads, queries, keys]
 */
function relativeShift(scores: Tensor, keys: number): Tensor {
  const [batch, heads, queries, distances] = scores.shape;
  const head = queries * distances;
  return scores
    .contiguous()
    .asStrided([batch, heads, queries, keys], [heads * head, head, distances - 1, 1], { storageOffset: queries });
}
