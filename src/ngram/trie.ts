/**
 * The n-grams of a finished model: per length n a few packed arrays, children contiguous and sorted by token.
 * (The reading order of KenLM's trie, Heafield 2011, without its bit packing.) 16 bytes per n-gram, 8 at full length.
 */

/** The n-grams of one length n. A *node* is an index into these arrays; for n = 1 it is the token id. */
export interface TrieLevel {
  /** Last token of each n-gram. */
  readonly tokens: Uint32Array;
  /** Natural logarithm of the probability of the last token after the others. */
  readonly logProbs: Float32Array;
  /** Natural logarithm of the backoff weight of the n-gram as a context; empty for n = order. */
  readonly logBackoffs: Float32Array;
  /** Extensions of node i are nodes childStart[i] … childStart[i+1]-1 one level up; empty for n = order. */
  readonly childStart: Uint32Array;
}

/** levels[n-1] holds the n-grams. */
export type Trie = readonly TrieLevel[];

/** The node of `token` among the children of `parent` (a node of levels[depth-1]) in levels[depth]; -1 if absent. */
export function findChild(levels: Trie, depth: number, parent: number, token: number): number {
  const { childStart } = levels[depth - 1];
  const { tokens } = levels[depth];
  let low = childStart[parent];
  let high = childStart[parent + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (tokens[middle] < token) low = middle + 1;
    else high = middle;
  }
  return low < childStart[parent + 1] && tokens[low] === token ? low : -1;
}

/** Calls `visit` for every n-gram of one length, in order, with its node and its tokens (the array is reused). */
export function forEachNgram(levels: Trie, n: number, visit: (node: number, tokens: Uint32Array) => void): void {
  const path = new Uint32Array(n);
  const ngram = new Uint32Array(n);
  for (let node = 0; node < levels[n - 1].tokens.length; node++) {
    path[n - 1] = node;
    for (let k = n - 2; k >= 0; k--) while (levels[k].childStart[path[k] + 1] <= path[k + 1]) path[k]++;
    for (let k = 0; k < n; k++) ngram[k] = levels[k].tokens[path[k]];
    visit(node, ngram);
  }
}
