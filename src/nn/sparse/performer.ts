/**
 * The Performer's attention, FAVOR+ (Choromanski et al. 2021, "Rethinking Attention with Performers"). The softmax kernel
 * is an expectation over random directions w:
 *
 *     exp(q·k) = E[φ(q) φ(k)],   φ(x) = exp(w·x − |x|²/2),   w normally distributed
 *
 * so that with m of them attention becomes two products, Φ(Q) (Φ(K)ᵀ V), whose time and memory grow with time. The error
 * falls as 1/√m, and faster when the directions are orthogonal (`orthogonal-features.ts`).
 */
import { usageError } from '../../support/errors.ts';
import { cat, constantPadNd, noGrad, onesLike, scope, type Tensor, zeros } from '../../torch/index.ts';
import { hiddenBias, type SparseOptions } from './weights.ts';

export interface PerformerOptions extends SparseOptions {
  /** Random directions, [features, dim]; `orthogonalFeatures` draws them. */
  projection: Tensor;
  /** Each query sees the keys up to its own position; the queries are the last of the keys' positions. Default false. */
  causal?: boolean;
}

/** Queries of the causal kind that meet their own keys in one product; all earlier keys come as a sum. */
const CHUNK = 128;

/** What stands for a sum of no keys at all. */
const TINY = 1e-30;

/**
 * An estimate of softmax attention, normalised. Exponentials are computed in float32 (float64 for such inputs). A query
 * that sees nothing but padding gets some finite context.
 *
 * @param query [batch, heads, queries, dim]
 * @param key, value [batch, heads, keys, dim]; `attentionMask` is [batch, keys]
 * @returns [batch, heads, queries, dim]
 */
export function performerAttention(query: Tensor, key: Tensor, value: Tensor, options: PerformerOptions): Tensor {
  const { causal = false, attentionMask, projection } = options;
  const [queries, dim] = query.shape.slice(2);
  const keys = key.size(2);
  if (projection.size(1) !== dim || (causal && queries > keys)) {
    throw usageError(
      'TSLM_PERFORMER_SHAPES',
      `features ${projection.describe()} for queries ${query.describe()} and keys ${key.describe()}`,
      'give features of [features, dim], and where causal at least as many keys as queries',
    );
  }
  return scope(() => {
    const type = query.dtype === 'float64' ? 'float64' : 'float32';
    const root = Math.sqrt(options.scale ?? 1 / Math.sqrt(dim));
    const directions = projection.to(type).mul(root).transpose(0, 1);
    // w·q; the term −|q|²/2 would be the same factor above and below the line.
    const queryLogs = query.to(type).matmul(directions);
    const keyLogs = keyFeatures(key.to(type), directions, root);
    if (attentionMask) {
      keyLogs.add_(hiddenBias(attentionMask.eq(0).view([-1, 1, keys, 1]), type));
    }
    stabilise(queryLogs, keyLogs);
    const [phiQ, phiK] = [queryLogs.exp_(), keyLogs.exp_()];
    // A column of ones beside the values: its sums are the denominators.
    const values = value.to(type);
    const summed = cat([values, onesLike(values.narrow(-1, 0, 1))], -1);
    const sums = causal ? causalSums(phiQ, phiK, summed) : phiQ.matmul(phiK.transpose(-1, -2).matmul(summed));
    const [above, below] = sums.splitWithSizes([value.size(-1), 1], -1);
    return above.div(below.clamp({ min: TINY })).to(value.dtype);
  });
}

/** w·k − |k|²/2 of the scaled keys, [batch, heads, keys, features] */
function keyFeatures(key: Tensor, directions: Tensor, root: number): Tensor {
  const half = key.mul(root).square().sum([-1], { keepdim: true }).mul(0.5);
  return key.matmul(directions).sub_(half);
}

/**
 * Shifts the exponents, in place: those of each feature by their largest among the keys, which is given back to the
 * queries, and those of each query by their largest. Both cancel in the quotient. Then no exponential overflows, and
 * a sum over all keys is at least 1.
 */
function stabilise(queryLogs: Tensor, keyLogs: Tensor): void {
  const ofFeature = noGrad(() => keyLogs.amax(2, { keepdim: true })); // [batch, heads, 1, features]
  keyLogs.sub_(ofFeature);
  queryLogs.add_(ofFeature);
  queryLogs.sub_(noGrad(() => queryLogs.amax(-1, { keepdim: true })));
}

/**
 * Σ over j ≤ i of (φ(qᵢ)·φ(kⱼ)) vⱼ, [batch, heads, queries, dim]: within a chunk by a triangular matrix, across chunks by
 * running sums of φ(kⱼ) vⱼᵀ.
 */
function causalSums(phiQ: Tensor, phiK: Tensor, values: Tensor): Tensor {
  const [batch, heads, queries, features] = phiQ.shape;
  const [keys, dim] = values.shape.slice(2);
  const past = keys - queries;
  const size = Math.min(CHUNK, queries);
  const count = Math.ceil(queries / size);
  const inChunks = (x: Tensor): Tensor => {
    const end = count * size - queries;
    return (end ? constantPadNd(x, [0, 0, 0, end]) : x).reshape([batch, heads, count, size, x.size(-1)]);
  };
  const q = inChunks(phiQ);
  const [k, v] = [phiK, values].map(x => inChunks(x.narrow(2, past, queries)));

  const running = scope(() => {
    const before =
      past > 0
        ? phiK
            .narrow(2, 0, past)
            .transpose(-1, -2)
            .matmul(values.narrow(2, 0, past))
        : zeros([batch, heads, features, dim], { dtype: values.dtype, device: values.device });
    const states = k
      .narrow(2, 0, count - 1)
      .transpose(-1, -2)
      .matmul(v.narrow(2, 0, count - 1));
    return cat([before.unsqueeze(2), states], 2).cumsum(2); // [batch, heads, chunks, features, dim]
  });
  const within = scope(() => q.matmul(k.transpose(-1, -2)).tril().matmul(v));
  const sums = q.matmul(running).add_(within);
  return sums.view([batch, heads, count * size, dim]).narrow(2, 0, queries);
}
