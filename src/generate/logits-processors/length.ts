/** Shortest lengths, and a penalty on long texts. */
import type { LogitsProcessor } from './logits-processor.ts';

/** Forbids the end of the sequence while the text, prompt included, is shorter than `length` tokens. */
export const minLength =
  (length: number, eosTokenId: readonly number[]): LogitsProcessor =>
  (inputIds, logits) => {
    if (inputIds.length >= length) return;
    for (const id of eosTokenId) logits[id] = Number.NEGATIVE_INFINITY;
  };

/** Forbids the end of the sequence until `count` tokens have been generated. */
export const minNewTokens = (count: number, eosTokenId: readonly number[], promptLength: number): LogitsProcessor =>
  minLength(promptLength + count, eosTokenId);

/**
 * Makes the end of the sequence likelier by |logit| · (factor^n − 1), n tokens after the first `start` generated ones.
 * An end that is forbidden stays forbidden.
 */
export function exponentialDecayLength(
  [start, factor]: readonly [start: number, factor: number],
  eosTokenId: readonly number[],
  promptLength: number,
): LogitsProcessor {
  const from = promptLength + start;
  return (inputIds, logits) => {
    if (inputIds.length <= from) return;
    const growth = factor ** (inputIds.length - from) - 1;
    for (const id of eosTokenId) {
      if (logits[id] !== Number.NEGATIVE_INFINITY) logits[id] += Math.abs(logits[id]) * growth;
    }
  };
}
