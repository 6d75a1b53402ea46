/** Turns tokens back into text. */
export interface Decoder {
  /** What is returned is joined in the end. */
  decode(tokens: string[]): string[];
}
