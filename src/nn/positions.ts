/** Ways to tell a Transformer where a token stands, other than a learned table and rotation. */
import { arange, type Tensor, tensor } from '../torch/index.ts';
import { Embedding } from './embedding.ts';
import { Module } from './module.ts';

/**
 * Sinusoids (Vaswani et al. 2017, 3.5) as Marian lays them out: all sines in the first half, all cosines in the second.
 *
 * @returns [count, dim]
 */
export function sinusoidalTable(count: number, dim: number): Tensor {
  const sines = Math.ceil(dim / 2);
  const values = new Float32Array(count * dim);
  for (let position = 0; position < count; position++) {
    for (let j = 0; j < dim; j++) {
      const angle = position / 10000 ** ((2 * Math.floor(j / 2)) / dim);
      const place = j % 2 === 0 ? j / 2 : sines + (j - 1) / 2;
      values[position * dim + place] = j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return tensor(values, [count, dim]);
}

/**
 * Attention with linear biases (Press et al. 2022): a key's score rises with its position, at another rate a head. Only
 * differences count, so this says the same as a penalty for distance.
 *
 * @param attentionMask [batch, keys]: positions count from the first token that is no padding
 * @returns [batch, heads, 1, keys]
 */
export function alibiBias(attentionMask: Tensor, heads: number): Tensor {
  const mask = attentionMask.to('float32');
  const positions = mask.cumsum(-1).sub(1).mul(mask); // [batch, keys]
  const slopes = tensor(alibiSlopes(heads), { device: attentionMask.device });
  return positions
    .unsqueeze(1)
    .unsqueeze(1)
    .mul(slopes.view([1, heads, 1, 1]));
}

/** A geometric sequence; where the number of heads is no power of two, every other slope of the next one follows. */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const slope = (of: number, i: number): number => 2 ** ((-8 / of) * i);
  const first = Array.from({ length: power }, (_, i) => slope(power, i + 1));
  const rest = Array.from({ length: heads - power }, (_, i) => slope(2 * power, 2 * i + 1));
  return [...first, ...rest];
}

export interface RelativeBiasOptions {
  heads: number;
  /** Distances share a bias in this many buckets: near ones exactly, far ones logarithmically. */
  buckets: number;
  /** Distances from here on fall into the last bucket. */
  maxDistance: number;
  /** Later keys have buckets too. */
  bidirectional: boolean;
}

/** A learned bias for each head and bucket of distances (Raffel et al. 2020, 2.1). */
export class RelativePositionBias extends Module {
  /** [buckets, heads] */
  readonly table: Embedding;
  readonly options: RelativeBiasOptions;

  constructor(options: RelativeBiasOptions) {
    super();
    this.options = options;
    this.table = new Embedding(options.buckets, options.heads);
  }

  /** @returns [1, heads, queries, keys]; the queries are the last of the keys' positions */
  forward(queries: number, keys: number, device: string): Tensor {
    const bucketOf = relativeBuckets(keys, this.options); // by key − query + keys − 1
    const offsets = arange(0, keys, { dtype: 'int64', device })
      .unsqueeze(0)
      .sub(arange(keys - queries, keys, { dtype: 'int64', device }).unsqueeze(1))
      .add(keys - 1);
    const buckets = tensor(bucketOf, { dtype: 'int64', device }).indexSelect(0, offsets.flatten());
    return this.table
      .forward(buckets.view([queries, keys]))
      .permute([2, 0, 1])
      .unsqueeze(0);
  }
}

/** The bucket of every distance key − query from −(keys − 1) to keys − 1. */
function relativeBuckets(keys: number, { buckets, maxDistance, bidirectional }: RelativeBiasOptions): number[] {
  const range = bidirectional ? buckets / 2 : buckets;
  const exact = Math.floor(range / 2);
  return Array.from({ length: 2 * keys - 1 }, (_, i) => {
    const offset = i - (keys - 1);
    const distance = bidirectional ? Math.abs(offset) : Math.max(0, -offset);
    const later = bidirectional && offset > 0 ? range : 0;
    if (distance < exact) return later + distance;
    // In float32 as the reference: the border between two buckets may depend on rounding.
    const share = Math.fround(Math.fround(Math.log(Math.fround(distance / exact))) / Math.log(maxDistance / exact));
    return later + Math.min(range - 1, exact + Math.trunc(Math.fround(share * (range - exact))));
  });
}
