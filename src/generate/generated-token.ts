/** A token as generation gives it: whose it is, and whether its text ends there. */
import type { TextEnd } from './stopping.ts';

export interface GeneratedToken {
  /** Which text it belongs to: `numReturnSequences` for the first prompt, as many for the second, and so on. */
  row: number;
  id: number;
  /** Natural logarithm of its probability after the processors, where asked for. */
  logProb?: number;
  /** Set on the last token of a row. */
  stop?: TextEnd;
  /** On the last token of a row that beam search found: the hypothesis' score. */
  score?: number;
}
