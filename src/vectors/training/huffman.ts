/**
 * The tree of hierarchical softmax (Morin & Bengio 2005): a Huffman tree, so that frequent words have short paths (Mikolov et al.
 * 2013, 2.1). A word's probability is the product, over the inner nodes on its path, of that of turning its way.
 */

export interface HuffmanTree {
  /** Where each word's path begins in `nodes` and `turns`, and where the last one ends: [words + 1]. */
  starts: Int32Array;
  /** Inner nodes from the root down: the root is words − 2. */
  nodes: Int32Array;
  /** 0 or 1 at each of them. */
  turns: Uint8Array;
}

/** @param counts from the largest to the smallest */
export function createHuffmanTree(counts: readonly number[]): HuffmanTree {
  const words = counts.length;
  const weights = new Float64Array(2 * words - 1);
  const parents = new Int32Array(2 * words - 1).fill(-1);
  const turn = new Uint8Array(2 * words - 1);
  for (const [word, count] of counts.entries()) weights[word] = count;
  // Leaves from the rarest on and inner nodes in the order they are made are both sorted: the least is at one of two places.
  let leaf = words - 1;
  let inner = words;
  for (let node = words; node < 2 * words - 1; node++) {
    const least = (): number => (inner >= node || (leaf >= 0 && weights[leaf] < weights[inner]) ? leaf-- : inner++);
    const [first, second] = [least(), least()];
    weights[node] = weights[first] + weights[second];
    parents[first] = parents[second] = node;
    turn[second] = 1;
  }
  const starts = new Int32Array(words + 1);
  const paths = counts.map((_, word) => {
    const path: number[] = [];
    for (let node = word; parents[node] >= 0; node = parents[node]) path.push(node);
    starts[word + 1] = starts[word] + path.length;
    return path.reverse();
  });
  const steps = paths.flat();
  return {
    starts,
    nodes: Int32Array.from(steps, node => parents[node] - words),
    turns: Uint8Array.from(steps, node => turn[node]),
  };
}
