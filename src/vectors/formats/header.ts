/** What parsers of word vectors are told. */

export interface ParseOptions {
  /** For messages. */
  path: string;
  /** Bytes of the file, where that is known: no header may claim more. */
  bytes?: number;
  /** Read the first words alone. Default: all. */
  limit?: number;
}

/** What word2vec's files begin with. */
export interface Header {
  words: number;
  dimension: number;
}
