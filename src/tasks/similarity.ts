/** How alike texts are: the cosine between their vectors. */
import type { Model } from '../models/model.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';
import { type EmbeddingOptions, embedTexts } from './embeddings.ts';

export interface Similarities {
  /** From −1 to 1, in the order of the texts that are compared. */
  scores: number[];
  /** Tokens that were read. */
  tokens: number;
}

/**
 * @param source what the others are compared with
 * @throws UserError as `embedTexts`
 */
export function similarities(
  model: Model,
  tokenizer: Tokenizer,
  source: string,
  texts: readonly string[],
  options: Omit<EmbeddingOptions, 'normalize'> = {},
): Similarities {
  const { vectors, tokens } = embedTexts(model, tokenizer, [source, ...texts], options);
  const [first, ...others] = vectors;
  return { scores: others.map(other => cosine(first, other)), tokens };
}

/** Of two vectors of length 1. */
export const cosine = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
