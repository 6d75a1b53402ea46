/** Candidates for the vocabulary of a unigram model. */
import { BOUNDARY, shared, type UnigramCorpus } from './corpus.ts';

/** Pieces by number. A piece is a stretch of the corpus; `ranks` are their places in the order of their characters. */
export interface Pieces {
  starts: Int32Array;
  lengths: Int32Array;
  ranks: Int32Array;
  /** Log probabilities. */
  scores: Float64Array;
}

/** The pieces of the given numbers, in that order, with scores of their own. */
export function selectPieces(pieces: Pieces, kept: readonly number[], scores: ArrayLike<number>): Pieces {
  const pick = (from: Int32Array): Int32Array => Int32Array.from(kept, piece => from[piece]);
  const { starts, lengths, ranks } = pieces;
  return { starts: pick(starts), lengths: pick(lengths), ranks: pick(ranks), scores: Float64Array.from(scores) };
}

export interface SeedOptions {
  /** Characters of a piece at most. */
  maxPieceLength: number;
  /** Pieces at most, single characters included. */
  seedSize: number;
}

/**
 * The first vocabulary: every character, and the substrings with the largest product of frequency and length. As in Hugging
 * Face's trainer, which takes the inner nodes of a suffix tree, a substring counts when it is followed by different
 * characters, and its frequency is that among distinct words; characters have theirs in the text.
 */
export function seedPieces(corpus: UnigramCorpus, { maxPieceLength, seedSize }: SeedOptions): Pieces {
  const { starts, lengths, frequencies } = repeatedSubstrings(corpus, maxPieceLength);
  const inText = characterCounts(corpus);
  const all = starts.map((_, rank) => rank);
  const weight = (rank: number): number =>
    lengths[rank] === 1 ? inText[corpus.chars[starts[rank]]] : frequencies[rank] * lengths[rank];
  const weights = Float64Array.from(all, weight);
  const byWeight = (a: number, b: number): number => weights[b] - weights[a] || b - a;
  const characters = all.filter(rank => lengths[rank] === 1).sort(byWeight);
  const room = Math.max(1, seedSize - characters.length);
  const substrings = heaviest(all, lengths, weights, room).sort(byWeight).slice(0, room);
  const kept = [...characters, ...substrings];
  const sum = kept.reduce((total, rank) => total + weights[rank], 0);
  return selectPieces(
    {
      starts: Int32Array.from(starts),
      lengths: Int32Array.from(lengths),
      ranks: Int32Array.from(all),
      scores: weights,
    },
    kept,
    kept.map(rank => Math.log(weights[rank]) - Math.log(sum)),
  );
}

/** Substrings that may be among the `room` heaviest: sorting all of millions would take long. */
function heaviest(all: number[], lengths: number[], weights: Float64Array, room: number): number[] {
  const substrings = all.filter(rank => lengths[rank] > 1);
  if (substrings.length <= room) return substrings;
  const least = Float64Array.from(substrings, rank => weights[rank]).sort()[substrings.length - room];
  return substrings.filter(rank => weights[rank] >= least);
}

function characterCounts({ chars, starts, counts }: UnigramCorpus): Float64Array {
  const found = new Float64Array(chars.reduce((most, char) => Math.max(most, char), 0) + 1);
  for (let word = 0; word < counts.length; word++) {
    for (let at = starts[word]; at < starts[word + 1]; at++) found[chars[at]] += counts[word];
  }
  return found;
}

interface Substrings {
  starts: number[];
  lengths: number[];
  frequencies: number[];
}

/**
 * All single characters, and all substrings of up to `maxLength` characters that are followed by different ones, in the
 * order of their characters. The places where they begin are sorted by one character after another; places that agree
 * so far form a group.
 */
function repeatedSubstrings({ chars }: UnigramCorpus, maxLength: number): Substrings {
  const found: Substrings = { starts: [], lengths: [], frequencies: [] };
  const places = new Int32Array(chars.length);
  let count = 0;
  for (let at = 0; at < chars.length; at++) if (chars[at] !== BOUNDARY) places[count++] = at;

  /** A group whose places agree in `depth` characters. */
  const group = (from: number, to: number, depth: number): void => {
    let isBranching = false;
    const first = to > from ? chars[places[from] + depth] : BOUNDARY;
    for (let i = from + 1; i < to && !isBranching; i++) isBranching = chars[places[i] + depth] !== first;
    if (depth === 1 || (depth > 1 && isBranching)) {
      found.starts.push(places[from]);
      found.lengths.push(depth);
      found.frequencies.push(to - from);
    }
    if (depth === maxLength) return;
    if (isBranching) sort(from, to, depth);
    else if (first !== BOUNDARY && (to - from > 1 || depth === 0)) group(from, to, depth + 1);
  };

  /** Sorts by the character at `depth`: what is less than some pivot, then what equals it as a group, then the rest. */
  const sort = (from: number, to: number, depth: number): void => {
    let low = from;
    while (low < to) {
      const pivot = median(
        chars[places[low] + depth],
        chars[places[(low + to) >> 1] + depth],
        chars[places[to - 1] + depth],
      );
      let less = low;
      let at = low;
      let more = to;
      while (at < more) {
        const place = places[at];
        const char = chars[place + depth];
        if (char < pivot) {
          places[at++] = places[less];
          places[less++] = place;
        } else if (char > pivot) {
          places[at] = places[--more];
          places[more] = place;
        } else {
          at++;
        }
      }
      sort(low, less, depth);
      if (pivot !== BOUNDARY && (more - less > 1 || depth === 0)) group(less, more, depth + 1);
      low = more;
    }
  };

  group(0, count, 0);
  return found;
}

const median = (a: number, b: number, c: number): number => Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));

/** A prefix tree of pieces: the children of node `n` are `[first[n], first[n + 1])`, sorted by their characters. */
export interface PieceTree {
  first: Int32Array;
  chars: Int32Array;
  /** The piece that ends at each node, or -1. */
  pieces: Int32Array;
}

/** The tree of all pieces but that of number 0, the unknown one, whose length is 0. */
export function createTree({ starts, lengths, ranks }: Pieces, chars: Int32Array): PieceTree {
  const byRank = new Int32Array(ranks.reduce((most, rank) => Math.max(most, rank), 0) + 1).fill(-1);
  let letters = 0;
  for (let piece = 0; piece < ranks.length; piece++) {
    if (lengths[piece] > 0) byRank[ranks[piece]] = piece;
    letters += lengths[piece];
  }
  const sorted = byRank.filter(piece => piece >= 0);
  // Breadth first: each node with the range of sorted pieces that begin with it.
  const from = new Int32Array(letters + 2);
  const to = new Int32Array(letters + 2);
  const depths = new Int32Array(letters + 2);
  const nodeChars = new Int32Array(letters + 2);
  const first = new Int32Array(letters + 2);
  const found = new Int32Array(letters + 2).fill(-1);
  to[0] = sorted.length;
  let nodes = 1;
  for (let node = 0; node < nodes; node++) {
    first[node] = nodes;
    const depth = depths[node];
    let at = from[node];
    if (at < to[node] && lengths[sorted[at]] === depth) found[node] = sorted[at++];
    while (at < to[node]) {
      const char = chars[starts[sorted[at]] + depth];
      from[nodes] = at;
      while (at < to[node] && chars[starts[sorted[at]] + depth] === char) at++;
      to[nodes] = at;
      depths[nodes] = depth + 1;
      nodeChars[nodes++] = char;
    }
  }
  first[nodes] = nodes;
  const share = (array: Int32Array, length: number): Int32Array => {
    const copy = shared(Int32Array, length);
    copy.set(array.subarray(0, length));
    return copy;
  };
  return { first: share(first, nodes + 1), chars: share(nodeChars, nodes), pieces: share(found, nodes) };
}

/** The child of a node by its character, or -1. */
export function childOf({ first, chars }: PieceTree, node: number, char: number): number {
  let low = first[node];
  let high = first[node + 1];
  while (high - low > 8) {
    const middle = (low + high) >> 1;
    if (chars[middle] <= char) low = middle;
    else high = middle;
  }
  for (; low < high; low++) if (chars[low] === char) return low;
  return -1;
}
