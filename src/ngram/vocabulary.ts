/**
 * The ids that an n-gram model knows, and which of them mark the edges of a document.
 *
 * Before the first token of a document the context is `[start]`, and the token `end` leads back to it. In text these
 * are two symbols, `<s>` and `</s>`, and `<s>` is context only: it is never predicted. In a corpus of token ids the
 * end-of-document token plays both parts, as it does for a Transformer that reads documents one after the other.
 */
export interface NgramVocabulary {
  /** Ids are 0 … size-1. */
  readonly size: number;
  readonly start: number;
  /** Absent where nothing ends a document: the whole sequence is one. */
  readonly end?: number;
  /** Stands for words that training has not seen. */
  readonly unknown?: number;
}

/** True when `start` is context only and has no probability of its own. */
export const startIsSilent = ({ start, end }: NgramVocabulary): boolean => start !== end;

/** How many ids share the probability mass: all but a silent start. */
export const predictedIds = (vocabulary: NgramVocabulary): number =>
  vocabulary.size - (startIsSilent(vocabulary) ? 1 : 0);

/**
 * The vocabulary of a corpus of token ids: every one of `size` ids has a probability.
 *
 * @param end the end-of-document token; without it the one start is an extra id after the others
 */
export const tokenVocabulary = (size: number, end?: number): NgramVocabulary =>
  end === undefined ? { size: size + 1, start: size } : { size, start: end, end };
