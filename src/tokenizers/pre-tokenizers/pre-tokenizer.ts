/** What a pre-tokenizer is. */
import type { AlignedText } from '../aligned-text.ts';

/** Splits text into pre-tokens, the pieces that the model may not merge across. */
export interface PreTokenizer {
  /** Empty pieces are dropped by the caller. */
  split(text: AlignedText): AlignedText[];
}
