/**
 * Block-sparse attention (Zaheer et al. 2020, "Big Bird: Transformers for Longer Sequences"), as Hugging Face's
 * `BigBirdBlockSparseAttention` computes it. Time is cut into blocks. The first and the last block attend to all and
 * are seen by all; every other block also sees itself, its two neighbours and a few random blocks. Time and memory
 * grow with time.
 */
import { usageError } from '../../support/errors.ts';
import { arange, cat, constantPadNd, scope, stack, type Tensor, zeros } from '../../torch/index.ts';
import { drawRandomBlocks } from './random-blocks.ts';
import { countingTokens, type DropoutOption, hiddenBias, probabilitiesOf, type SparseOptions } from './weights.ts';

export interface BlockSparseOptions extends SparseOptions, DropoutOption {
  /** Positions in a block, `block_size`. */
  blockSize: number;
  /** Random blocks that a block sees, `num_random_blocks`. */
  randomBlocks: number;
  /** Draw random blocks. Default false: block 0 stands for each of them, and so counts 1 + randomBlocks times. */
  training?: boolean;
  /** The random blocks follow from it: the same in every step. Hugging Face takes the layer's index. Default 0. */
  seed?: number;
  /** `max_position_embeddings`, for drawing (`random-blocks.ts`). Default the length itself. */
  maxPositions?: number;
  /** Also return the probabilities, which takes memory that grows with time². Default false. */
  outputAttentions?: boolean;
}

export interface BlockSparseAttention {
  /** [batch, heads, time, dim]; 0 at padding */
  context: Tensor;
  /** [batch, heads, time, time]; a key that is seen in several ways has the sum */
  probabilities?: Tensor;
}

/**
 * Whether Hugging Face's model uses block-sparse attention for texts of this length (padding included). Its model
 * attends fully below that; here the caller chooses so.
 */
export const isBlockSparse = (time: number, options: { blockSize: number; randomBlocks: number }): boolean =>
  time > (5 + 2 * options.randomBlocks) * options.blockSize;

/** The sequence in blocks. */
interface Blocks {
  count: number;
  size: number;
  /** int64 [heads, count − 2, randomBlocks], or undefined outside training */
  random: Tensor | undefined;
}

/**
 * Any length for which `isBlockSparse`. What Hugging Face computes after padding to a multiple of the block is the same;
 * its model has no dropout here.
 *
 * @param query, key, value [batch, heads, time, dim]
 */
export function blockSparseAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: BlockSparseOptions,
): BlockSparseAttention {
  const { blockSize: size, randomBlocks, attentionMask, dropout = p => p, outputAttentions = false } = options;
  const { training = false, seed = 0 } = options;
  const [, heads, time, dim] = query.shape;
  if (!isBlockSparse(time, options)) {
    throw usageError(
      'TSLM_BLOCK_SPARSE_LENGTH',
      `block-sparse attention over ${time} positions with blocks of ${size} and ${randomBlocks} random blocks`,
      `use full attention up to (5 + 2 × ${randomBlocks}) × ${size} = ${(5 + 2 * randomBlocks) * size} positions`,
    );
  }
  return scope(() => {
    const { device } = query;
    const count = Math.ceil(time / size);
    const maxPositions = options.maxPositions ?? count * size;
    const random =
      training && randomBlocks > 0
        ? drawRandomBlocks({ blocks: count, blockSize: size, randomBlocks, heads, seed, maxPositions, device })
        : undefined;
    const blocks = { count, size, random };
    const end = count * size - time;
    const pad = (x: Tensor): Tensor => (end ? constantPadNd(x, [0, 0, 0, end]) : x);
    const counting = countingTokens(attentionMask, time, device);
    const tokens = end ? constantPadNd(counting, [0, end]) : counting;

    const q = pad(query.mul(options.scale ?? 1 / Math.sqrt(dim)));
    const [k, v] = [pad(key), pad(value)];
    const outer = probabilitiesOf(
      cat([q.narrow(2, 0, size), q.narrow(2, time + end - size, size)], 2).matmul(k.transpose(-1, -2)),
      hiddenBias(tokens.eq(0).view([-1, 1, 1, time + end]), q.dtype),
    ); // [batch, heads, 2 size, time]
    // Scopes within: what was arranged for one product is freed before the next.
    const inner = scope(() => {
      const queries = inBlocks(q, blocks).narrow(2, 1, count - 2);
      const scores = scope(() => queries.matmul(seenKeys(k, blocks).transpose(-1, -2)));
      return probabilitiesOf(scores, innerBias(tokens, blocks, training ? 0 : randomBlocks, q));
    }); // [batch, heads, count − 2, size, seen]
    const byEnds = dropout(outer).matmul(v);
    const byRest = scope(() => dropout(inner).matmul(seenKeys(v, blocks)).flatten({ startDim: 2, endDim: 3 }));
    const all = cat([byEnds.narrow(2, 0, size), byRest, byEnds.narrow(2, size, size)], 2).narrow(2, 0, time);
    const context = attentionMask ? all.maskedFill(counting.eq(0).view([-1, 1, time, 1]), 0) : all;
    return outputAttentions ? { context, probabilities: dense(outer, inner, blocks, time) } : { context };
  });
}

/** [batch, heads, time, dim] → [batch, heads, count, size, dim] */
function inBlocks(x: Tensor, { count, size }: Blocks): Tensor {
  const [batch, heads, , dim] = x.shape;
  return x.reshape([batch, heads, count, size, dim]);
}

/**
 * The blocks that each of the inner query blocks sees, along the dimension of size:
 * first, last, previous, own, next, random …: [batch, heads, count − 2, (5 + random) size, dim]
 */
function seenKeys(x: Tensor, blocks: Blocks): Tensor {
  const { count, size, random } = blocks;
  const [batch, heads, , dim] = x.shape;
  const all = inBlocks(x, blocks);
  const everywhere = [0, count - 1].map(i => all.narrow(2, i, 1).expand([batch, heads, count - 2, size, dim]));
  const window = [0, 1, 2].map(i => all.narrow(2, i, count - 2));
  if (!random) return cat([...everywhere, ...window], 3);
  const offsets = arange(0, heads, { device: x.device }).mul(count).view([heads, 1, 1]);
  const index = random.add(offsets).flatten();
  const drawn = all.reshape([batch, heads * count, size, dim]).indexSelect(1, index);
  return cat([...everywhere, ...window, drawn.view([batch, heads, count - 2, -1, dim])], 3);
}

/**
 * Added to the scores of what `seenKeys` arranges, [batch, 1 or heads, count − 2, 1, seen]. The second block has the
 * first as its neighbour and the second last the last: these count once.
 *
 * @param repeats how many more times block 0 counts: exp(score + log n) is n times exp(score)
 */
function innerBias(tokens: Tensor, blocks: Blocks, repeats: number, { dtype, shape }: Tensor): Tensor {
  const { count, size, random } = blocks;
  const [batch] = tokens.shape;
  const all = tokens.view([batch, 1, count, size]);
  const everywhere = [0, count - 1].map(i => all.narrow(2, i, 1).expand([batch, 1, count - 2, size]));
  const [previous, own, next] = [0, 1, 2].map(i => all.narrow(2, i, count - 2).clone());
  previous.narrow(2, 0, 1).zero_();
  next.narrow(2, count - 3, 1).zero_();
  const seen = cat([...everywhere, previous, own, next], 3); // [batch, 1, count − 2, 5 size]
  if (!random) {
    const bias = hiddenBias(seen.eq(0), dtype).unsqueeze(3);
    bias.narrow(4, 0, size).add_(Math.log1p(repeats));
    return bias;
  }
  const heads = shape[1];
  const drawn = all
    .view([batch, count, size])
    .indexSelect(1, random.flatten())
    .view([batch, heads, count - 2, -1]);
  return hiddenBias(cat([seen.expand([batch, heads, count - 2, 5 * size]), drawn], 3).eq(0), dtype).unsqueeze(3);
}

/** Probabilities of the two outer and of the inner blocks as one matrix, [batch, heads, time, time]. */
function dense(outer: Tensor, inner: Tensor, { count, size, random }: Blocks, time: number): Tensor {
  const { dtype, device } = inner;
  const [batch, heads] = inner.shape;
  const own = arange(1, count - 1, { device });
  const [first, last] = [0, count - 1].map(i => own.mul(0).add(i));
  const always = stack([first, last, own.sub(1), own, own.add(1)], 1).expand([heads, count - 2, 5]);
  const index = random ? cat([always, random], 2) : always; // [heads, count − 2, seen blocks]
  const shape = [batch, heads, count - 2, size, index.size(2), size];
  const rows = zeros([batch, heads, count - 2, size, count, size], { dtype, device }).scatterAdd_(
    4,
    index.view([1, heads, count - 2, 1, index.size(2), 1]).expand(shape),
    inner.view(shape),
  );
  const length = count * size;
  const middle = rows.view([batch, heads, length - 2 * size, length]);
  const whole = cat([outer.narrow(2, 0, size), middle, outer.narrow(2, size, size)], 2);
  return whole.narrow(2, 0, time).narrow(3, 0, time);
}
