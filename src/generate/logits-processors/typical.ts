/** Locally typical sampling. */
import { distributionOf, entropyOf } from './distribution.ts';
import type { FilterOptions, LogitsProcessor } from './logits-processor.ts';
import { crossing, kthLargest } from './select.ts';

/**
 * Keeps the tokens whose surprise is closest to the entropy, until their probabilities add up to `mass` (locally typical
 * sampling, Meister et al. 2022, arXiv:2202.00666).
 */
export function typical(mass: number, { minTokensToKeep = 1 }: FilterOptions = {}): LogitsProcessor {
  let closeness = new Float32Array(0);
  return (_, logits) => {
    const distribution = distributionOf(logits);
    if (!distribution) return;
    const { weights, total, max } = distribution;
    const entropy = entropyOf(logits, distribution);
    const logTotal = Math.log(total) + max;
    if (closeness.length !== logits.length) closeness = new Float32Array(logits.length);
    for (let i = 0; i < logits.length; i++) closeness[i] = -Math.abs(logTotal - logits[i] - entropy);
    const edge = crossing(closeness, mass * total, weights).value;
    const lowest = Math.min(edge, kthLargest(closeness, minTokensToKeep));
    for (let i = 0; i < logits.length; i++) if (closeness[i] < lowest) logits[i] = Number.NEGATIVE_INFINITY;
  };
}
