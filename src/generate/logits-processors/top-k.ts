/** Top-k sampling. */
import type { FilterOptions, LogitsProcessor } from './logits-processor.ts';
import { forbidBelow } from './select.ts';

/** Keeps the k most probable tokens, and whatever equals the last of them (Fan et al. 2018, arXiv:1805.04833). */
export function topK(k: number, { minTokensToKeep = 1 }: FilterOptions = {}): LogitsProcessor {
  const kept = Math.max(k, minTokensToKeep);
  return (_, logits) => {
    if (kept < logits.length) forbidBelow(logits, Number.POSITIVE_INFINITY, kept);
  };
}
