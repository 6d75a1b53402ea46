/** Tokens that must come first or last. */
import type { LogitsProcessor } from './logits-processor.ts';

/** Makes `id` the only choice after a text of one token (the decoder's start token). */
export const forcedBos =
  (id: number): LogitsProcessor =>
  (inputIds, logits) => {
    if (inputIds.length === 1) force([id], logits);
  };

/** Makes the ids the only choices for the last token before `maxLength` (prompt included). */
export const forcedEos =
  (ids: readonly number[], maxLength: number): LogitsProcessor =>
  (inputIds, logits) => {
    if (inputIds.length === maxLength - 1) force(ids, logits);
  };

function force(ids: readonly number[], logits: Float32Array): void {
  logits.fill(Number.NEGATIVE_INFINITY);
  for (const id of ids) logits[id] = 0;
}
