/** Which keys each query may see, as tensors to add to the scores. */
import { arange, type DType, type Tensor } from '../torch/index.ts';
import { otherDocuments } from '../torch/products.ts';

const MOST_NEGATIVE: Partial<Record<DType, number>> = {
  float64: -Number.MAX_VALUE,
  bfloat16: -3.3895313892515355e38,
  float16: -65504,
};

/** The most negative number: what a hidden key's score is lowered by. */
export const mostNegative = (dtype: DType): number => MOST_NEGATIVE[dtype] ?? -3.4028234663852886e38;

export interface MaskOptions {
  /** Each query sees the keys up to its own position. */
  causal: boolean;
  /** Only keys that are fewer than this many positions away. */
  window?: number;
  /** [batch, keys], 0 where a key is padding */
  attentionMask?: Tensor;
  /** int64 [batch, keys]: where the document of each position begins; a query sees keys of its own alone. */
  documentStarts?: Tensor;
  dtype: DType;
  device: string;
}

/**
 * 0 where a query may see a key, the most negative number elsewhere. (Not −∞: a query that may see nothing at all then
 * looks at every key alike, where −∞ would give NaN.)
 *
 * @param queries number of query positions, the last ones of `keys` positions
 * @returns [1 or batch, 1, 1 or queries, keys]; undefined where everything may be seen
 */
export function additiveMask(
  queries: number,
  keys: number,
  { causal, window, attentionMask, documentStarts, dtype, device }: MaskOptions,
): Tensor | undefined {
  const padding = attentionMask?.eq(0).view([-1, 1, 1, keys]);
  const order = hiddenByOrder(queries, keys, { causal, window, device })?.view([1, 1, queries, keys]);
  const others = documentStarts && otherDocuments(documentStarts, queries);
  const parts = [padding, order, others].filter(part => part !== undefined);
  const hidden = parts.length > 0 ? parts.reduce((a, b) => a.logicalOr(b)) : undefined;
  return hidden?.to(dtype).mul_(mostNegative(dtype));
}

/** [queries, keys]: true where a key comes too late or is too far away; undefined where none is. */
function hiddenByOrder(
  queries: number,
  keys: number,
  { causal, window, device }: Pick<MaskOptions, 'causal' | 'window' | 'device'>,
): Tensor | undefined {
  if (!causal && window === undefined) return undefined;
  const positions = arange(0, keys, { device });
  const key = positions.unsqueeze(0);
  const query = positions.narrow(0, keys - queries, queries).unsqueeze(1);
  if (!causal) return key.sub(query).abs().ge(window!);
  const later = key.gt(query);
  return window === undefined ? later : later.logicalOr(key.le(query.sub(window)));
}

/** `additiveMask` of a causal model. */
export const causalMask = (queries: number, keys: number, options: Omit<MaskOptions, 'causal'>): Tensor =>
  additiveMask(queries, keys, { causal: true, ...options })!;
