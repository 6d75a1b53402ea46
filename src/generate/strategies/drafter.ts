/**
 * What guesses the next tokens, so that the model can check several in one pass: an assistant, a smaller model of the same
 * vocabulary, the model's own heads for further tokens, or prompt-lookup.
 */
import type { GenerationConfig } from '../config/generation-options.ts';
import type { Row } from '../rows.ts';
import { chooseToken, softmax } from '../sampling.ts';
import type { Guess } from './speculative-sampling.ts';

export interface Drafter extends Disposable {
  /**
   * Tokens that may follow the row's text; none where there is nothing to go by.
   *
   * @param most how many at most
   * @param vocabSize length of the model's logits
   */
  guess(row: Row, most: number, vocabSize: number): Guess[];
  /** How many of the last guesses were right. */
  learn?(right: number): void;
  /** Another text begins. */
  restart?(): void;
}

/**
 * Adds what follows those guesses, chosen as the model itself chooses.
 *
 * @param scores logits, which the processors change
 * @returns whether more may follow it; false as well where no token is allowed
 */
export function addGuess(
  guesses: Guess[],
  scores: Float32Array,
  row: Row,
  { doSample, assistantConfidenceThreshold, eosTokenId }: GenerationConfig,
): boolean {
  row.process([...row.ids, ...guesses.map(({ id }) => id)], scores);
  if (!scores.some(score => score > Number.NEGATIVE_INFINITY)) return false;
  const probabilities = softmax(scores);
  const id = chooseToken(scores, doSample, row.random);
  guesses.push({ id, ...(doSample && { probabilities }) });
  return probabilities[id] >= assistantConfidenceThreshold && !eosTokenId.includes(id);
}

/**
 * Prompt look-up (Saxena 2023): the continuation of an earlier occurrence of the last tokens, the longest match first and of
 * equals the first place.
 *
 * @param count tokens to guess
 * @param longestMatch most tokens that must be the same
 * @param source a text to look in before the own one: an encoder's input
 */
export const promptLookup = (count: number, longestMatch: number, source: ArrayLike<number> = []): Drafter => ({
  guess: ({ ids }, most) => lookUp([...Array.from(source), ...ids], Math.min(count, most), longestMatch),
  [Symbol.dispose]() {},
});

function lookUp(text: readonly number[], count: number, longestMatch: number): Guess[] {
  for (let size = Math.min(longestMatch, text.length - 1); size > 0; size--) {
    const end = text.length - size;
    for (let start = 0; start < end; start++) {
      let same = 0;
      while (same < size && text[start + same] === text[end + same]) same++;
      if (same === size) return text.slice(start + size, start + size + count).map(id => ({ id }));
    }
  }
  return [];
}
