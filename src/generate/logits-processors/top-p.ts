/** Nucleus sampling. */
import { distributionOf } from './distribution.ts';
import type { FilterOptions, LogitsProcessor } from './logits-processor.ts';
import { crossing } from './select.ts';

/**
 * Keeps the smallest set of most probable tokens whose probabilities add up to p or more (nucleus sampling, Holtzman et
 * al. 2019, arXiv:1904.09751). Of tokens that are equal at the edge, as low-precision logits often are, those of higher
 * id are kept: what a stable ascending sort leaves.
 */
export function topP(p: number, { minTokensToKeep = 1 }: FilterOptions = {}): LogitsProcessor {
  return (_, logits) => {
    const distribution = distributionOf(logits);
    if (!distribution) return;
    const target = p * distribution.total;
    const edge = crossing(logits, target, distribution.weights);
    const weight = Math.exp(edge.value - distribution.max);
    let kept = Math.max(1, Math.ceil((target - edge.above) / weight));
    let value = edge.value;
    if (minTokensToKeep > 1) {
      const least = crossing(logits, minTokensToKeep);
      const needed = minTokensToKeep - least.above;
      if (least.value < value) [value, kept] = [least.value, needed];
      else if (least.value === value) kept = Math.max(kept, needed);
    }
    for (let i = logits.length - 1; i >= 0; i--) {
      if (logits[i] < value || (logits[i] === value && kept-- <= 0)) logits[i] = Number.NEGATIVE_INFINITY;
    }
  };
}
