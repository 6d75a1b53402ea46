/**
 * All ways to cut a word into pieces, as a lattice of its places: how often each piece is expected on average over them
 * (forward–backward), and the most probable one (Viterbi).
 */
import { BOUNDARY, type UnigramCorpus } from './corpus.ts';
import { childOf, type PieceTree } from './pieces.ts';

/** What a thread needs of a model: pieces by number with their log probabilities. Number 0 is what is unknown. */
export interface LatticeModel {
  tree: PieceTree;
  scores: Float64Array;
  /** Log probability of a character without a piece. */
  unknownScore: number;
}

export const UNKNOWN_PIECE = 0;

export class Lattice {
  readonly #chars: Int32Array;
  readonly #model: LatticeModel;
  /** For each place of the word: the log probability of what is before it, or the best of it. */
  #forward = new Float64Array(64);
  #sums = new Float64Array(64);
  #weights = new Float64Array(64);
  #lastPiece = new Int32Array(64);
  #lastStart = new Int32Array(64);
  /** Pieces in the word, by where they begin: from, to, number, and the log probability up to their end. */
  #from = new Int32Array(256);
  #to = new Int32Array(256);
  #piece = new Int32Array(256);
  #score = new Float64Array(256);

  constructor(chars: Int32Array, model: LatticeModel) {
    this.#chars = chars;
    this.#model = model;
  }

  /**
   * Adds the expected number of each piece, `count` times, to `expected`.
   * @returns the log probability of the word, all ways together
   */
  addExpected(start: number, end: number, count: number, expected: Float64Array): number {
    const length = end - start;
    this.#reserve(length);
    const forward = this.#forward.fill(Number.NEGATIVE_INFINITY, 0, length + 1);
    const sums = this.#sums.fill(0, 0, length + 1);
    const { tree, scores, unknownScore } = this.#model;
    let nodes = 0;
    forward[0] = 0;
    sums[0] = 1;
    const add = (at: number, to: number, piece: number, score: number): void => {
      if (nodes === this.#from.length) this.#growNodes();
      this.#from[nodes] = at;
      this.#to[nodes] = to;
      this.#piece[nodes] = piece;
      this.#score[nodes++] = score;
      // The sum of exponentials, relative to the largest so far.
      if (score > forward[to]) {
        sums[to] = sums[to] * Math.exp(forward[to] - score) + 1;
        forward[to] = score;
      } else {
        sums[to] += Math.exp(score - forward[to]);
      }
    };
    for (let at = 0; at < length; at++) {
      forward[at] += Math.log(sums[at]);
      const before = forward[at];
      let isKnown = false;
      let node = 0;
      for (let to = at; to < length; to++) {
        const char = this.#chars[start + to];
        node = char === BOUNDARY ? -1 : childOf(tree, node, char);
        if (node < 0) break;
        const piece = tree.pieces[node];
        if (piece < 0) continue;
        if (to === at) isKnown = true;
        add(at, to + 1, piece, before + scores[piece]);
      }
      if (!isKnown) add(at, at + 1, UNKNOWN_PIECE, before + unknownScore);
    }
    forward[length] += Math.log(sums[length]);
    // The weight of a place is the probability that a cut is there.
    const weights = this.#weights.fill(0, 0, length + 1);
    weights[length] = 1;
    for (let i = nodes - 1; i >= 0; i--) {
      const to = this.#to[i];
      const probability = weights[to] * Math.exp(this.#score[i] - forward[to]);
      weights[this.#from[i]] += probability;
      expected[this.#piece[i]] += count * probability;
    }
    return forward[length];
  }

  /**
   * Visits the pieces of the most probable way, from the last to the first.
   * @param without a piece that may not be used
   * @returns its log probability
   */
  best(start: number, end: number, visit: (piece: number) => void, without = -1): number {
    const length = end - start;
    this.#reserve(length);
    const best = this.#forward.fill(Number.NEGATIVE_INFINITY, 0, length + 1);
    const { tree, scores, unknownScore } = this.#model;
    const lastPiece = this.#lastPiece;
    const lastStart = this.#lastStart;
    best[0] = 0;
    const offer = (at: number, to: number, piece: number, score: number): void => {
      if (score <= best[to]) return;
      best[to] = score;
      lastPiece[to] = piece;
      lastStart[to] = at;
    };
    for (let at = 0; at < length; at++) {
      let isKnown = false;
      let node = 0;
      for (let to = at; to < length; to++) {
        const char = this.#chars[start + to];
        node = char === BOUNDARY ? -1 : childOf(tree, node, char);
        if (node < 0) break;
        const piece = tree.pieces[node];
        if (piece < 0) continue;
        if (to === at) isKnown = true;
        if (piece !== without) offer(at, to + 1, piece, best[at] + scores[piece]);
      }
      if (!isKnown) offer(at, at + 1, UNKNOWN_PIECE, best[at] + unknownScore);
    }
    for (let at = length; at > 0 && best[length] > Number.NEGATIVE_INFINITY; at = lastStart[at]) visit(lastPiece[at]);
    return best[length];
  }

  #reserve(length: number): void {
    if (length < this.#forward.length) return;
    this.#forward = new Float64Array(2 * length);
    this.#sums = new Float64Array(2 * length);
    this.#weights = new Float64Array(2 * length);
    this.#lastPiece = new Int32Array(2 * length);
    this.#lastStart = new Int32Array(2 * length);
  }

  #growNodes(): void {
    const twice = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const larger = new Int32Array(2 * array.length);
      larger.set(array);
      return larger;
    };
    this.#from = twice(this.#from);
    this.#to = twice(this.#to);
    this.#piece = twice(this.#piece);
    const scores = new Float64Array(2 * this.#score.length);
    scores.set(this.#score);
    this.#score = scores;
  }
}

/** How often each piece is expected in the words `[from, to)`; the last entry is their log-likelihood. */
export function expectedCounts(corpus: UnigramCorpus, model: LatticeModel, from: number, to: number): Float64Array {
  const lattice = new Lattice(corpus.chars, model);
  const { starts, counts } = corpus;
  const size = model.scores.length;
  const expected = new Float64Array(size + 1);
  for (let word = from; word < to; word++) {
    const likelihood = lattice.addExpected(starts[word], starts[word + 1] - 1, counts[word], expected);
    expected[size] += counts[word] * likelihood;
  }
  return expected;
}

/** How often each piece is in the most probable ways to cut the words `[from, to)`. */
export function bestCounts(corpus: UnigramCorpus, model: LatticeModel, from: number, to: number): Float64Array {
  const lattice = new Lattice(corpus.chars, model);
  const { starts, counts } = corpus;
  const found = new Float64Array(model.scores.length);
  for (let word = from; word < to; word++) {
    lattice.best(starts[word], starts[word + 1] - 1, piece => {
      found[piece] += counts[word];
    });
  }
  return found;
}
