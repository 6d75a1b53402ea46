/**
 * Changes the logits of one row in place before a token is chosen.
 *
 * @param inputIds the tokens so far, prompt included: [time]
 * @param logits of the next token: [vocabulary]; minus infinity forbids a token
 */
export type LogitsProcessor = (inputIds: ArrayLike<number>, logits: Float32Array) => void;

/** Options of every filter that forbids improbable tokens. */
export interface FilterOptions {
  /** Tokens that survive whatever the filter says; default 1. Beam sampling needs more. */
  minTokensToKeep?: number;
}

/** Applies processors one after the other. */
export const processorChain =
  (processors: readonly LogitsProcessor[]): LogitsProcessor =>
  (inputIds, logits) => {
    for (const process of processors) process(inputIds, logits);
  };
