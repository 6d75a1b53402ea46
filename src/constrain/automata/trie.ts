/** Texts that are listed, as a tree of their bytes: deterministic as it stands, however many there are. */
import { FAR, furthestOf } from './nearest.ts';
import { DEAD, type Terminal } from './terminal.ts';

/** Nodes in the order of a walk; node 0 is the root. */
export interface Trie {
  /** Where the edges of node n begin, in the order of their bytes; those of n + 1 begin where they end. */
  edgeStarts: Int32Array;
  bytes: Uint8Array;
  targets: Int32Array;
  /** 1 where a text ends. */
  accepting: Uint8Array;
}

/** @param texts in any order; equal ones count once */
export function buildTrie(texts: readonly Uint8Array[]): Trie {
  const sorted = texts
    .map(text => Buffer.from(text.buffer, text.byteOffset, text.length))
    .sort((a, b) => Buffer.compare(a, b));
  const size = sorted.reduce((sum, text, i) => sum + text.length - sharedLength(text, sorted[i - 1]), 1);
  const parents = new Int32Array(size);
  const byteOf = new Uint8Array(size);
  const accepting = new Uint8Array(size);
  const edgeStarts = new Int32Array(size + 1);
  const path = [0];
  let nodes = 1;
  for (const [i, text] of sorted.entries()) {
    path.length = sharedLength(text, sorted[i - 1]) + 1;
    for (let at = path.length - 1; at < text.length; at++) {
      parents[nodes] = path[at];
      byteOf[nodes] = text[at];
      edgeStarts[path[at] + 1]++;
      path.push(nodes++);
    }
    accepting[path[text.length]] = 1;
  }
  for (let node = 0; node < size; node++) edgeStarts[node + 1] += edgeStarts[node];
  const bytes = new Uint8Array(size - 1);
  const targets = new Int32Array(size - 1);
  const filled = edgeStarts.slice();
  for (let node = 1; node < size; node++) {
    const at = filled[parents[node]]++;
    bytes[at] = byteOf[node];
    targets[at] = node;
  }
  return { edgeStarts, bytes, targets, accepting };
}

function sharedLength(text: Uint8Array, before: Uint8Array | undefined): number {
  let shared = 0;
  if (before) while (shared < before.length && text[shared] === before[shared]) shared++;
  return shared;
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

export class TrieDfa implements Terminal {
  readonly classOf = EVERY_BYTE;
  readonly start = 0;
  readonly isEmpty: boolean;
  readonly bytes: number;
  readonly #trie: Trie;
  #distances: Int32Array | undefined;

  constructor(trie: Trie) {
    this.#trie = trie;
    this.isEmpty = !trie.accepting.includes(1);
    this.bytes = trie.accepting.length * 10;
  }

  step(state: number, byte: number): number {
    const { edgeStarts, bytes, targets } = this.#trie;
    let low = edgeStarts[state];
    let high = edgeStarts[state + 1] - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = bytes[middle];
      if (found === byte) return targets[middle];
      if (found < byte) low = middle + 1;
      else high = middle - 1;
    }
    return DEAD;
  }

  isAccepting(state: number): boolean {
    return this.#trie.accepting[state] === 1;
  }

  /** Nodes come before what is below them. */
  get #nearest(): Int32Array {
    if (this.#distances) return this.#distances;
    const { edgeStarts, targets, accepting } = this.#trie;
    const distances = new Int32Array(accepting.length).fill(FAR);
    for (let node = accepting.length - 1; node >= 0; node--) {
      if (accepting[node]) distances[node] = 0;
      for (let e = edgeStarts[node]; e < edgeStarts[node + 1]; e++)
        distances[node] = Math.min(distances[node], distances[targets[e]] + 1);
    }
    this.#distances = distances;
    return distances;
  }

  nextByte(state: number): number {
    const { edgeStarts, bytes, targets } = this.#trie;
    for (let e = edgeStarts[state]; e < edgeStarts[state + 1]; e++)
      if (this.#nearest[targets[e]] < this.#nearest[state]) return bytes[e];
    return -1;
  }

  /** Bytes of the longest text. */
  get depth(): number {
    const { edgeStarts, targets, accepting } = this.#trie;
    const depths = new Int32Array(accepting.length);
    for (let node = 0; node < accepting.length; node++)
      for (let e = edgeStarts[node]; e < edgeStarts[node + 1]; e++) depths[targets[e]] = depths[node] + 1;
    return depths.reduce((most, depth) => Math.max(most, depth), 0);
  }

  furthest(): number {
    return furthestOf(this.#nearest);
  }

  canContinue(state: number): boolean {
    return this.#trie.edgeStarts[state] < this.#trie.edgeStarts[state + 1];
  }
}
