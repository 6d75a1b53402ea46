/**
 * Sliding-window attention with global tokens (Beltagy, Peters & Cohan 2020, "Longformer: The Long-Document
 * Transformer"), as Hugging Face's `LongformerSelfAttention` computes it. Time and memory grow with time × window: the
 * queries are cut into chunks, and each chunk meets the keys of its surroundings in one matrix product.
 */
import { usageError } from '../../support/errors.ts';
import { arange, cat, constantPadNd, scope, type Tensor, zeros } from '../../torch/index.ts';
import { findGlobalTokens, type GlobalTokens, globalIndex } from './global-tokens.ts';
import { countingTokens, type DropoutOption, hiddenBias, probabilitiesOf, type SparseOptions } from './weights.ts';

export interface SlidingWindowOptions extends SparseOptions, DropoutOption {
  /** Positions that a token sees on each side: half of `attention_window`. */
  window: number;
  /** int64 [batch, time], 1 for a global token. Padding is never global. Default no token is. */
  globalMask?: Tensor;
  /** The projections that global tokens attend with, [batch, heads, time, dim]; default those of all tokens. */
  globalQuery?: Tensor;
  globalKey?: Tensor;
  globalValue?: Tensor;
  /** Also return the probabilities. Default false. */
  outputAttentions?: boolean;
}

export interface SlidingWindowAttention {
  /** [batch, heads, time, dim]; 0 at padding */
  context: Tensor;
  /**
   * [batch, heads, time, globals + 2 window + 1]: on the global tokens in ascending order (0 where a row of the batch
   * has fewer), then on the positions from `window` before a token to `window` after it. 0 for global tokens and padding.
   */
  probabilities?: Tensor;
  /** [batch, heads, globals, time]: those of the global tokens; 0 where a row of the batch has fewer. */
  globalProbabilities?: Tensor;
}

/** How time is cut: chunk i holds the queries from i · size on, and sees `span` keys from `window` before those. */
interface Chunks {
  count: number;
  size: number;
  window: number;
  span: number;
}

/** Larger chunks make the products faster, smaller ones waste fewer scores outside the window. */
const CHUNK = { least: 64, most: 256 };

function chunksOf(time: number, oneSide: number): Chunks {
  const window = Math.min(oneSide, time - 1);
  const size = Math.min(Math.max(window, CHUNK.least), CHUNK.most, time);
  return { count: Math.ceil(time / size), size, window, span: size + 2 * window };
}

/**
 * Every token attends to those at most `window` positions away and to the global tokens; global tokens attend to all.
 * Any length: what Hugging Face computes after padding to a multiple of `attention_window` is the same.
 *
 * @param query, key, value [batch, heads, time, dim]
 */
export function slidingWindowAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: SlidingWindowOptions,
): SlidingWindowAttention {
  const { window, attentionMask, globalMask, dropout = p => p, outputAttentions = false } = options;
  if (!Number.isInteger(window) || window < 1) {
    throw usageError(
      'TSLM_ATTENTION_WINDOW',
      `a window of ${window} positions on each side`,
      'give a whole number from 1 on: half of attention_window, which is even',
    );
  }
  return scope(() => {
    const [batch, heads, time, dim] = query.shape;
    const scale = options.scale ?? 1 / Math.sqrt(dim);
    const chunks = chunksOf(time, window);
    const counting = countingTokens(attentionMask, time, query.device);
    const isGlobal = globalMask?.ne(0).to('int64').mul(counting);
    const globals = isGlobal && findGlobalTokens(isGlobal);
    const local = globals ? counting.sub(isGlobal!) : counting;

    // Scopes within: what was arranged for one product is freed before the next.
    const probabilities = scope(() => {
      const scores = scope(() =>
        chunkQueries(query.mul(scale), chunks).matmul(chunkKeys(key, chunks, globals).transpose(-1, -2)),
      ); // [batch, heads, chunks, size, globals + span]
      return probabilitiesOf(scores, hiddenBias(hiddenKeys(local, chunks, globals), scores.dtype));
    });
    const product = scope(() => dropout(probabilities).matmul(chunkKeys(value, chunks, globals)));
    const everyone = product.view([batch, heads, chunks.count * chunks.size, value.size(-1)]).narrow(2, 0, time);
    // Padding attends to nothing, and global tokens attend in their own way.
    const others = attentionMask || globals ? local.eq(0).view([-1, 1, time, 1]) : undefined;
    const context = others ? everyone.maskedFill(others, 0) : everyone;

    const byGlobals = globals && globalAttention(globals, { query, key, value, counting, scale, options });
    if (byGlobals) context.scatterAdd_(2, globalIndex(globals, byGlobals.context), byGlobals.context);
    if (!outputAttentions) return { context };
    const rows = perToken(probabilities, chunks, { window, time, globals: globals?.count ?? 0 });
    return {
      context,
      probabilities: others ? rows.maskedFill(others, 0) : rows,
      globalProbabilities: byGlobals?.probabilities,
    };
  });
}

/** [batch, heads, time, dim] → [batch, heads, chunks, size, dim] */
function chunkQueries(x: Tensor, { count, size }: Chunks): Tensor {
  const [batch, heads, time, dim] = x.shape;
  const padding = count * size - time;
  return (padding ? constantPadNd(x, [0, 0, 0, padding]) : x).reshape([batch, heads, count, size, dim]);
}

/** The rows of the global tokens and of each chunk's surroundings: [batch, heads, chunks, globals + span, dim] */
function chunkKeys(x: Tensor, { count, size, window, span }: Chunks, globals: GlobalTokens | undefined): Tensor {
  const [batch, heads, time, dim] = x.shape;
  const padded = constantPadNd(x, [0, 0, window, window + count * size - time]);
  const surroundings = padded.unfold(2, span, size).transpose(-1, -2);
  if (!globals) return surroundings.contiguous();
  const rows = x.gather(2, globalIndex(globals, x)).unsqueeze(2);
  return cat([rows.expand([batch, heads, count, globals.count, dim]), surroundings], -2);
}

/**
 * Which of the keys that `chunkKeys` arranges a query may not see, bool [1 or batch, 1, chunks, size, globals + span].
 *
 * @param local int64 [1 or batch, time], 1 where a token may be seen as a neighbour
 */
function hiddenKeys(local: Tensor, { count, size, window, span }: Chunks, globals: GlobalTokens | undefined): Tensor {
  const { device } = local;
  const [batch, time] = local.shape;
  // Query r of a chunk stands at r + window of the surroundings: its window is from r to r + 2 · window.
  const distance = arange(0, span, { device }).sub(arange(0, size, { device }).unsqueeze(1));
  const outside = distance.lt(0).logicalOr(distance.gt(2 * window));
  const neighbours = constantPadNd(local, [window, window + count * size - time]).unfold(1, span, size);
  const hidden = neighbours.eq(0).view([batch, 1, count, 1, span]).logicalOr(outside);
  if (!globals) return hidden;
  const missing = globals.valid.logicalNot().view([batch, 1, 1, 1, globals.count]);
  return cat([missing.expand([batch, 1, count, size, globals.count]), hidden], -1);
}

/** What the global tokens see: everything. Context [batch, heads, globals, dim], 0 where a row has fewer. */
function globalAttention(
  globals: GlobalTokens,
  inputs: {
    query: Tensor;
    key: Tensor;
    value: Tensor;
    counting: Tensor;
    scale: number;
    options: SlidingWindowOptions;
  },
): { context: Tensor; probabilities: Tensor } {
  const { counting, scale, options } = inputs;
  const { globalQuery = inputs.query, globalKey = inputs.key, globalValue = inputs.value, dropout = p => p } = options;
  const query = globalQuery.gather(2, globalIndex(globals, globalQuery)).mul(scale);
  const scores = query.matmul(globalKey.transpose(-1, -2)); // [batch, heads, globals, time]
  const hidden = hiddenBias(counting.eq(0).view([-1, 1, 1, counting.size(1)]), scores.dtype);
  const missing = globals.valid.logicalNot().view([-1, 1, globals.count, 1]);
  const probabilities = probabilitiesOf(scores, hidden).maskedFill(missing, 0);
  return { context: dropout(probabilities).matmul(globalValue), probabilities };
}

/** Probabilities by chunk, [batch, heads, chunks, size, globals + span], as columns relative to each token. */
function perToken(
  probabilities: Tensor,
  { count, size, window, span }: Chunks,
  asked: { window: number; time: number; globals: number },
): Tensor {
  const [batch, heads] = probabilities.shape;
  const onGlobals = probabilities.narrow(-1, 0, asked.globals).reshape([batch, heads, count * size, asked.globals]);
  // Rows one element longer than they are move each row one further to the left than the row above.
  const flat = probabilities.narrow(-1, asked.globals, span).reshape([batch, heads, count, size * span]);
  const skewed = constantPadNd(flat, [0, size]).view([batch, heads, count, size, span + 1]);
  const band = skewed.narrow(-1, 0, 2 * window + 1).reshape([batch, heads, count * size, 2 * window + 1]);
  const beyond = zeros([batch, heads, count * size, asked.window - window], { dtype: band.dtype, device: band.device });
  return cat([onGlobals, beyond, band, beyond], -1).narrow(2, 0, asked.time);
}
