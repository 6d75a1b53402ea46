/** Truncation by probability: Hewitt, Manning & Liang 2022, Truncation Sampling as Language Model Desmoothing, arXiv:2210.15191. */
import { distributionOf, entropyOf } from './distribution.ts';
import type { FilterOptions, LogitsProcessor } from './logits-processor.ts';
import { forbidBelow } from './select.ts';

/** Keeps tokens of probability `epsilon` or more. */
export function epsilonCutoff(epsilon: number, { minTokensToKeep = 1 }: FilterOptions = {}): LogitsProcessor {
  return (_, logits) => {
    const distribution = distributionOf(logits);
    if (!distribution) return;
    forbidBelow(logits, distribution.max + Math.log(epsilon * distribution.total), minTokensToKeep);
  };
}

/** Keeps tokens of probability min(`epsilon`, √epsilon · exp(−entropy)) or more. */
export function etaCutoff(epsilon: number, { minTokensToKeep = 1 }: FilterOptions = {}): LogitsProcessor {
  return (_, logits) => {
    const distribution = distributionOf(logits);
    if (!distribution) return;
    const eta = Math.min(epsilon, Math.sqrt(epsilon) * Math.exp(-entropyOf(logits, distribution)));
    forbidBelow(logits, distribution.max + Math.log(eta * distribution.total), minTokensToKeep);
  };
}
