/** What a model makes of one pre-token. Offsets are UTF-16 units of the pre-token. */
export interface ModelToken {
  id: number;
  token: string;
  start: number;
  end: number;
}

/** The vocabulary and the rule that cuts a pre-token into its entries. */
export interface Model {
  /** Entries of the vocabulary. */
  readonly size: number;
  /** The highest id and one more: larger than `size` where ids are left out. */
  readonly idLimit: number;
  /** The result is cached and must not be changed. */
  tokenize(piece: string): readonly ModelToken[];
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
}
