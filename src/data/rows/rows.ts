/** The kinds of rows that models learn from. Columns have TRL's names. */

export type Tokens = Uint16Array | Uint32Array;

export interface Rows {
  /** A window of a corpus. */
  tokens: {
    ids: Tokens;
    /** Where documents begin inside, rising; a document that began before the window is not among them. */
    starts: readonly number[];
  };
  text: { text: string };
  document: {
    /** As tokens without special ones. */
    sentences: readonly Tokens[];
    /** Which of the data set's documents it is. */
    index: number;
  };
  labelled: { text: string; pair?: string; label: number | string | readonly number[] };
  /** Words, and a tag for each: its name, or its number. */
  tagged: { tokens: readonly string[]; tags: readonly (string | number)[] };
  /** Answers are spans of the context, `start` in code points; an empty list: the question is unanswerable. */
  reading: { question: string; context: string; answers: readonly { text: string; start: number }[] };
  /** Sentences that belong together, and one that does not although it looks so (sentence-transformers' names). */
  triplet: { anchor: string; positive: string; negative?: string };
  translation: { source: string; target: string };
  /** Pixels of RGB, rows from above. */
  image: { pixels: Uint8Array; width: number; height: number; text?: string; label?: number | string };
}

export type RowKind = keyof Rows;
