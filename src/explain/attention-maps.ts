/** Who looks at whom: the attention weights of every layer and head for one text. */

/** Attention weights of one sentence. */
export interface AttentionMaps {
  tokens: string[];
  /** One for each kind there is: a decoder's or encoder's own, and of an encoder–decoder all three. */
  maps: {
    kind: 'self' | 'encoder' | 'decoder' | 'cross';
    /** Texts of the rows (who looks) and columns (at whom). */
    queries: string[];
    keys: string[];
    layers: number;
    heads: number;
    /** [layers, heads, queries, keys], each row sums to one */
    weights: Float32Array;
  }[];
}
