/** Requests in batches of about the same length: the longest first, so that a lack of memory shows at once. */
import type { RequestOptions } from './evaluated-model.ts';

/** Most rows of a batch, and most tokens with padding, unless one row has more. */
export interface BatchLimits {
  rows: number;
  tokens: number;
}

/** Numbers of the items, batch by batch. */
export function batchesByLength(lengths: readonly number[], { rows, tokens }: BatchLimits): number[][] {
  const order = [...lengths.keys()].sort((a, b) => lengths[b] - lengths[a]);
  const batches: number[][] = [];
  for (const item of order) {
    const batch = batches.at(-1);
    const fits = batch && batch.length < rows && (batch.length + 1) * lengths[batch[0]] <= tokens;
    if (fits) batch.push(item);
    else batches.push([item]);
  }
  return batches;
}

/**
 * Runs `work` on each batch; between two the event loop has its turn.
 *
 * @throws what the signal was aborted with
 */
export async function eachBatch(
  batches: readonly (readonly number[])[],
  work: (batch: readonly number[]) => void,
  { onProgress, signal }: RequestOptions = {},
): Promise<void> {
  const requests = batches.reduce((sum, { length }) => sum + length, 0);
  let done = 0;
  for (const batch of batches) {
    signal?.throwIfAborted();
    work(batch);
    done += batch.length;
    onProgress?.(done, requests);
    await new Promise(setImmediate);
  }
}
