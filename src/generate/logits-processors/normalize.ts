/** Logits as log-probabilities, and without infinities. */
import { distributionOf } from './distribution.ts';
import type { LogitsProcessor } from './logits-processor.ts';

/** Log-softmax: makes the logits log-probabilities again after other processors have changed them. */
export function renormalize(): LogitsProcessor {
  return (_, logits) => {
    const distribution = distributionOf(logits);
    if (!distribution) return;
    const logTotal = distribution.max + Math.log(distribution.total);
    for (let i = 0; i < logits.length; i++) logits[i] -= logTotal;
  };
}

const FLOAT32_MAX = 3.4028234663852886e38;

/** NaN becomes 0, infinities the largest and smallest finite float32. Hides a broken model; for debugging only. */
export function infNanRemove(): LogitsProcessor {
  return (_, logits) => {
    for (let i = 0; i < logits.length; i++) {
      const x = logits[i];
      if (Number.isNaN(x)) logits[i] = 0;
      else if (x === Number.POSITIVE_INFINITY) logits[i] = FLOAT32_MAX;
      else if (x === Number.NEGATIVE_INFINITY) logits[i] = -FLOAT32_MAX;
    }
  };
}
