/**
 * Pseudo-perplexity (Salazar et al. 2020, arXiv:1910.14659, 2.3): how well a masked model finds each token of texts from all
 * others. Each is hidden in turn, so that a text costs a row of the batch for every token.
 */
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { scoreTokens } from './score-tokens.ts';

export interface PseudoPerplexity {
  /** exp(−logProb / tokens) over all texts together. */
  pseudoPerplexity: number;
  /** Sum of the log-probabilities of the tokens that were hidden. */
  logProb: number;
  tokens: number;
}

/**
 * @param texts token ids with what the tokenizer puts around a text; special tokens are read and not asked for
 * @param options.batchSize texts with a hidden token in a forward pass; default 8
 * @returns NaN where there is no token to hide
 * @throws UserError when the model finds no hidden tokens, the tokenizer has no mask token, or a text is too long
 */
export function pseudoPerplexity(
  model: Model,
  tokenizer: Tokenizer,
  texts: readonly ArrayLike<number>[],
  { batchSize }: { batchSize?: number } = {},
): PseudoPerplexity {
  const scores = scoreTokens(model, texts, {
    masked: true,
    maskTokenId: tokenizer.maskTokenId,
    skippedIds: [...tokenizer.specialTokens.keys()],
    batchSize,
  }).flat();
  const logProb = scores.reduce((sum, token) => sum + token.logProb, 0);
  return { pseudoPerplexity: Math.exp(-logProb / scores.length), logProb, tokens: scores.length };
}
