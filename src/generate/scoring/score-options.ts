/** What scoring texts may be asked for, and what some models need for it. */
export interface ScoreOptions {
  /** What an encoder–decoder answers with each text: token ids. */
  sources?: readonly ArrayLike<number>[];
  /** Report the k most probable tokens at each position. Default 0. */
  topK?: number;
  /** Texts in a forward pass. Default 8. */
  batchSize?: number;
  /** Tokens that a window moves on over a text that is longer than a decoder's context. Default half the context. */
  stride?: number;
  /**
   * Each token given all others, not those before it alone. A masked language model can do nothing else; a decoder does so
   * that was trained by `masked-next-token`. Default: as the model's class has it.
   */
  masked?: boolean;
  /** What stands in place of a token that is to be found from all others. */
  maskTokenId?: number;
  /** Tokens that are not asked for then: special ones. Default none. */
  skippedIds?: readonly number[];
}
