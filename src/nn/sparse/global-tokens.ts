/** Tokens that attend to all and are attended by all (Beltagy et al. 2020, 3.1, global attention). */
import { arange, type Tensor } from '../../torch/index.ts';

export interface GlobalTokens {
  /** The most global tokens that a row of the batch has. */
  count: number;
  /** int64 [batch, count], in ascending order; rows with fewer are filled with the last position. */
  positions: Tensor;
  /** bool [batch, count], false for the filling */
  valid: Tensor;
}

/**
 * Where the global tokens are; undefined when there are none.
 *
 * @param mask int64 [batch, time], 1 for a global token
 */
export function findGlobalTokens(mask: Tensor): GlobalTokens | undefined {
  const time = mask.size(1);
  const count = mask.sum(1).amax().item();
  if (count === 0) return undefined;
  // time, time − 1, … at global tokens and 0 elsewhere: the largest are the first of them.
  const [fromTheEnd] = mask.mul(arange(0, time, { device: mask.device }).neg().add(time)).topk(count, 1);
  return {
    count,
    positions: fromTheEnd
      .neg()
      .add(time)
      .clamp({ max: time - 1 }),
    valid: fromTheEnd.gt(0),
  };
}

/** The global tokens' index for `gather` and `scatterAdd_` along the time of `like`, [batch, heads, count, dim]. */
export function globalIndex({ positions, count }: GlobalTokens, like: Tensor): Tensor {
  const [batch, heads, , dim] = like.shape;
  return positions.view([batch, 1, count, 1]).expand([batch, heads, count, dim]);
}
