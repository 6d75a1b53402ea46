/** Ways to tell a Transformer where a token stands, other than a learned table and rotation. */
import { arange, type Device, type Tensor, tensor, where } from '../torch/index.ts';
import { Embedding } from './embedding.ts';
import { Module } from './module.ts';

/**
 * Sinusoids (Vaswani et al. 2017, 3.5).
 *
 * @param options.layout `halves`: all sines before all cosines (Marian); `interleaved`: sine, cosine, sine, … (the
 *   paper, DistilBERT). Default `halves`.
 * @returns [count, dim]
 */
export function sinusoidalTable(
  count: number,
  dim: number,
  { layout = 'halves' }: { layout?: 'halves' | 'interleaved' } = {},
): Tensor {
  const sines = Math.ceil(dim / 2);
  const values = new Float32Array(count * dim);
  for (let position = 0; position < count; position++) {
    for (let j = 0; j < dim; j++) {
      const angle = position / 10000 ** ((2 * Math.floor(j / 2)) / dim);
      const inHalves = j % 2 === 0 ? j / 2 : sines + (j - 1) / 2;
      const place = layout === 'halves' ? inHalves : j;
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
 * @param documentStarts int64 [batch, keys]: or from the start of each token's document, so that scores are rounded as
 *   those of a document by itself
 * @returns [batch, heads, 1, keys]
 */
export function alibiBias(attentionMask: Tensor, heads: number, documentStarts?: Tensor): Tensor {
  const mask = attentionMask.to('float32');
  const counted = mask.cumsum(-1).sub(1); // [batch, keys]
  const positions = (documentStarts ? counted.sub(documentStarts.to('float32')) : counted).mul(mask);
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

  /** @throws RangeError when there are too few buckets to tell near from far */
  constructor(options: RelativeBiasOptions) {
    super();
    const { buckets, heads, bidirectional } = options;
    if (buckets < (bidirectional ? 4 : 2)) throw new RangeError(`${buckets} buckets of distances are too few`);
    this.options = options;
    this.table = new Embedding(buckets, heads);
  }

  /** @returns [1, heads, queries, keys]; the queries are the last of the keys' positions */
  forward(queries: number, keys: number, device: Device): Tensor {
    const bucketOf = relativeBuckets(arange(1 - keys, keys, { dtype: 'int64', device }), this.options);
    const offsets = arange(0, keys, { dtype: 'int64', device })
      .unsqueeze(0)
      .sub(arange(keys - queries, keys, { dtype: 'int64', device }).unsqueeze(1))
      .add(keys - 1); // [queries, keys]: where key − query stands in `bucketOf`
    const buckets = bucketOf.indexSelect(0, offsets.flatten()).view([queries, keys]);
    return this.table.forward(buckets).permute([2, 0, 1]).unsqueeze(0);
  }
}

/**
 * Buckets of distances key − query. The logarithm is taken in float32, as when the published weights were trained: on
 * which side of a border a distance falls may depend on rounding.
 *
 * @param offsets int64, any shape
 * @returns int64 of the same shape
 */
export function relativeBuckets(
  offsets: Tensor,
  { buckets, maxDistance, bidirectional }: Omit<RelativeBiasOptions, 'heads'>,
): Tensor {
  const range = bidirectional ? Math.floor(buckets / 2) : buckets;
  const exact = Math.floor(range / 2);
  const distance = bidirectional ? offsets.abs() : offsets.neg().clamp({ min: 0 });
  const far = distance
    .to('float32')
    .div(exact)
    .log()
    .div(Math.log(maxDistance / exact))
    .mul(range - exact)
    .to('int64')
    .add(exact)
    .clamp({ max: range - 1 });
  const bucket = where(distance.lt(exact), distance, far);
  return bidirectional ? bucket.add(offsets.gt(0).to('int64').mul(range)) : bucket;
}
