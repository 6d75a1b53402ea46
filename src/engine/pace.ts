/**
 * How many tokens of prompts a step may read while other texts wait for their next token: as many as keep a step short, by the
 * time that the last ones took. A large model, or a slow processor, reads a prompt in smaller portions.
 */

/** Fewer cost nearly as much: the weights are read once a step. */
const LEAST = 32;
/** What a pause of a stream may come to; a step has other work besides. */
const MILLISECONDS = 40;
/** How much the last step counts beside those before. */
const NEWEST = 0.3;

export interface Pace {
  /** @param others whether some text waits for its next token */
  promptTokens(others: boolean): number;
  /** What a step has read, and how long it took. */
  took(tokens: number, milliseconds: number): void;
}

/** @param most tokens of prompts in a step, however fast it is */
export function createPace(most: number): Pace {
  let perToken: number | undefined;
  return {
    promptTokens(others) {
      if (!others || perToken === undefined) return most;
      return Math.min(most, Math.max(LEAST, Math.floor(MILLISECONDS / perToken)));
    },
    took(tokens, milliseconds) {
      if (tokens < Math.min(LEAST, most)) return; // mostly the weights
      const now = milliseconds / tokens;
      perToken = perToken === undefined ? now : (1 - NEWEST) * perToken + NEWEST * now;
    },
  };
}
