/** What scoring texts may be asked for, and what some models need for it. */
export interface ScoreOptions {
  /** What an encoder–decoder answers with each text: token ids. */
  sources?: readonly ArrayLike<number>[];
  /** Report so many of the most probable tokens at each place. Default 0. */
  topK?: number;
  /** Texts in a forward pass. Default 8. */
  batchSize?: number;
  /** Tokens that a window moves on over a text that is longer than a decoder's context. Default half the context. */
  stride?: number;
  /** What stands in place of a token that a masked language model is to find. */
  maskTokenId?: number;
  /** Tokens that a masked language model is not asked for: special ones. Default none. */
  skippedIds?: readonly number[];
}
