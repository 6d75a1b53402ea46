/** An answer to a prompt, as tokens. */
export interface Answer {
  /** The prompt, and the answer after it. */
  ids: Uint32Array;
  /** Tokens of the prompt. */
  prompt: number;
}
