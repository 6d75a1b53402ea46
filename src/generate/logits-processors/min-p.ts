/** Min-p sampling. */
import type { FilterOptions, LogitsProcessor } from './logits-processor.ts';
import { forbidBelow, maximum } from './select.ts';

/** Keeps tokens with at least `minP` times the probability of the most probable one (Nguyen et al. 2024, arXiv:2407.01082). */
export function minP(minP: number, { minTokensToKeep = 1 }: FilterOptions = {}): LogitsProcessor {
  const distance = Math.log(minP);
  // p / pMax = exp(logit − max), so no probability has to be computed.
  return (_, logits) => forbidBelow(logits, maximum(logits) + distance, minTokensToKeep);
}
