/** Temperature. */
import type { LogitsProcessor } from './logits-processor.ts';

/** Divides by the temperature t > 0: below 1 sharper, above 1 flatter. */
export function temperature(t: number): LogitsProcessor {
  const divisor = Math.fround(t);
  return (_, logits) => {
    for (let i = 0; i < logits.length; i++) logits[i] /= divisor;
  };
}
