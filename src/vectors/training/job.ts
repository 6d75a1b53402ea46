/** What the threads of a training share: all of it in shared memory when there are several, written without locks. */
import type { HuffmanTree } from './huffman.ts';
import type { Noise } from './noise.ts';
import type { ResolvedVectorOptions } from './options.ts';

interface SharedJob {
  options: ResolvedVectorOptions;
  /** Per part, how much of its work is done, in the units of `work`. */
  done: Float64Array;
  /** Per part and epoch, the sum of losses and their number: [parts, epochs, 2]. */
  losses: Float64Array;
  /** All that there is to do, over all epochs and parts. */
  work: number;
}

export interface Word2VecJob extends SharedJob {
  kind: 'word2vec';
  tokens: Int32Array;
  /** The probability with which each word is kept. */
  keep: Float64Array;
  /** Rows of the words, and of buckets after them: [words + buckets, dimension]. */
  inputs: Float32Array;
  /** [words, dimension]; of the tree's inner nodes with hierarchical softmax. */
  outputs: Float32Array;
  noise?: Noise;
  tree?: HuffmanTree;
  /** Rows of `inputs` whose mean is a word's vector, where words have subwords. */
  parts?: WordParts;
}

export interface WordParts {
  /** Where each word's rows begin in `rows`, and where the last one's end: [words + 1]. */
  starts: Int32Array;
  rows: Int32Array;
}

export interface GloveJob extends SharedJob {
  kind: 'glove';
  /** Pairs of words, and how often they occur together. */
  first: Int32Array;
  second: Int32Array;
  counts: Float32Array;
  /** [words, dimension + 1], the last number being the bias; of words, and of words as context. */
  vectors: Float32Array;
  contexts: Float32Array;
  /** Sums of squared gradients of these. */
  vectorSquares: Float32Array;
  contextSquares: Float32Array;
}

export type VectorJob = Word2VecJob | GloveJob;

/** A part of the work: [from, to) of `parts` even ones. */
export const rangeOf = (length: number, part: number, parts: number): [from: number, to: number] => [
  Math.floor((length * part) / parts),
  Math.floor((length * (part + 1)) / parts),
];
