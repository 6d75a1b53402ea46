/** Attention over keys and values in pages (Kwon et al. 2023): `native/kernels/paged_attention.cc`. */
import { call } from './call.ts';

import type { DType } from './dtype.ts';
import { operator } from './operator.ts';
import { empty, zeros } from './ops.ts';
import { hasProducts } from './products.ts';
import type { Tensor } from './tensor.ts';

const $pagedAttention = operator('tslm::paged_attention');

export interface PageShape {
  pages: number;
  /** Positions in a page; a multiple of 32. */
  pageSize: number;
  kvHeads: number;
  headDim: number;
  dtype: DType;
}

const inBlocks = (size: number): number => Math.ceil(size / 32) * 32;

/** Elements that a page has for each head: in bfloat16 laid out for products, rounded up to whole blocks. */
export const pageElements = ({ pageSize, headDim, dtype }: Omit<PageShape, 'pages' | 'kvHeads'>): number =>
  pageSize * (dtype === 'bfloat16' && hasProducts() ? inBlocks(headDim) : headDim);

/**
 * Pages for the keys of a layer, or for the values: [pages, kvHeads, elements]. Memory is taken as it is written to; only where
 * heads do not fill their blocks must the rest be zero from the start.
 */
export function emptyPages(shape: PageShape): Tensor {
  const elements = pageElements(shape);
  const make = elements === shape.pageSize * shape.headDim ? empty : zeros;
  return make([shape.pages, shape.kvHeads, elements], { dtype: shape.dtype });
}

export interface PagedAttentionOptions {
  pageSize: number;
  scale: number;
  /** Only the last n positions are seen. */
  window?: number;
  /** Scores s become c·tanh(s / c). */
  softcap?: number;
  /** float32 [heads]: times the key's position, added to its score (ALiBi). */
  slopes?: Tensor;
}

/**
 * Puts new keys and values in their pages, then lets each new token meet all keys of its sequence up to its own. Forward
 * only, on the CPU.
 *
 * @param query [1, heads, tokens, dim]: the new tokens of all sequences, one sequence after the other
 * @param key [1, kvHeads, tokens, dim], `value` the same
 * @param pages of the layer: changed
 * @param plan int32 [sequences, 3 + pages]: first token in the batch, number of tokens, positions in the cache, and the
 *   numbers of the sequence's pages
 * @returns [1, heads, tokens, dim], in memory [1, tokens, heads, dim]; the same bits however a sequence is cut into calls
 */
export const pagedAttention = (
  query: Tensor,
  key: Tensor,
  value: Tensor,
  pages: { keys: Tensor; values: Tensor },
  plan: Tensor,
  { pageSize, scale, window = 0, softcap = 0, slopes }: PagedAttentionOptions,
): Tensor =>
  call($pagedAttention, [
    query,
    key,
    value,
    pages.keys,
    pages.values,
    plan,
    pageSize,
    scale,
    window,
    softcap,
    slopes,
  ]) as Tensor;
