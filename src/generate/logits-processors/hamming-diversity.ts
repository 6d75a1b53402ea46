/** Diverse beam search (Vijayakumar et al. 2016). */
import type { LogitsProcessor } from './logits-processor.ts';

/**
 * Subtracts `penalty` from a token for each time that earlier groups of beams have chosen it at this step (diverse beam
 * search, Vijayakumar et al. 2016, arXiv:1610.02424).
 *
 * @param chosen those tokens; the caller keeps it up to date
 */
export const hammingDiversity =
  (penalty: number, chosen: readonly number[]): LogitsProcessor =>
  (_, logits) => {
    for (const id of chosen) logits[id] -= penalty;
  };
