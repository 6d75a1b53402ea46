/**
 * Texts that come to their end before the tokens run out: where few are left, only those may follow from which the nearest
 * end can still be reached. From any place one token leads nearer to it, so that a text which could be completed is.
 */
import { createCosts, createDistance } from './grammar/distance.ts';
import type { Configuration, Continuation, Pushdown } from './grammar/pushdown.ts';
import { memo } from './memo.ts';
import type { TokenTrie } from './vocabulary/token-trie.ts';
import type { TokenTree, Vocabulary } from './vocabulary/vocabulary-data.ts';
import { spend } from './work.ts';

export interface Closing {
  /** Tokens to the nearest end, the one that ends the text left aside; infinite where that is not known. */
  distance(configuration: Configuration): number;
  /** The same of what comes after a terminal. */
  after(follow: Continuation): number;
  /** Whether the token that ends the text has to come, too: not where a text may end and may go on, and so is cut off. */
  needsEnd(configuration: Configuration): boolean;
  /** Twice the distance after each token, and one more where it needs its end, or `NOT_ALLOWED`; a slice of work at a time. */
  distances(configuration: Configuration, tree: TokenTree): Generator<void, Uint16Array>;
  /** What `distances` found, as far as it is remembered. */
  known(configuration: Configuration, tree: TokenTree): Uint16Array | undefined;
  readonly bytes: number;
  forget(): void;
}

export const NOT_ALLOWED = 0xffff;

const needsEnd = ({ isComplete, items }: Configuration): boolean => !isComplete || items.length === 0;

const MOST_BYTES = 4 * 2 ** 20;
const SLICE = 512;

export function createClosing(pushdown: Pushdown, vocabulary: Vocabulary): Closing {
  const { trie } = vocabulary.tokens;
  const costs = createCosts(spellings(trie, vocabulary.eosTokenId), trie.deepest);
  const distance = createDistance(pushdown, costs);
  let remembered = new Map<TokenTree, Map<Configuration, Uint16Array>>();
  let bytes = 0;

  return {
    distance: distance.of,
    after: distance.after,
    needsEnd,
    known: (configuration, tree) => remembered.get(tree)?.get(configuration),
    *distances(configuration, tree) {
      const found = new Uint16Array(vocabulary.size).fill(NOT_ALLOWED);
      const { bytes: byteOf, depths, ends, starts, tokens, size } = tree.trie;
      const path: Configuration[] = [configuration];
      let visited = 0;
      for (let node = 1; node < size; ) {
        if (++visited % SLICE === 0) {
          spend(2 * SLICE);
          yield;
        }
        const next = pushdown.step(path[depths[node] - 1], byteOf[node]);
        if (!next) {
          node = ends[node];
          continue;
        }
        path[depths[node]] = next;
        if (starts[node] < starts[node + 1]) {
          const left = Math.min(2 * distance.of(next) + Number(needsEnd(next)), NOT_ALLOWED - 1);
          for (let t = starts[node]; t < starts[node + 1]; t++) found[tokens[t]] = left;
        }
        node++;
      }
      for (const id of vocabulary.eosTokenId) found[id] = configuration.isComplete ? 0 : NOT_ALLOWED;
      if (bytes + found.byteLength > MOST_BYTES) this.forget();
      memo(remembered, tree, () => new Map<Configuration, Uint16Array>()).set(configuration, found);
      bytes += found.byteLength;
      return found;
    },
    get bytes() {
      return bytes;
    },
    forget() {
      remembered = new Map();
      bytes = 0;
    },
  };
}

/** The lengths of tokens that stand in bytes at a place. */
function spellings(
  { bytes, ends, starts, tokens, size }: TokenTrie,
  eosTokenId: readonly number[],
): (text: readonly number[], from: number) => number[] {
  const roots = new Int32Array(256).fill(-1);
  for (let node = 1; node < size; node = ends[node]) roots[bytes[node]] = node;
  const childOf = (node: number, byte: number): number => {
    for (let child = node + 1; child < ends[node]; child = ends[child]) if (bytes[child] === byte) return child;
    return -1;
  };
  const isWritten = (node: number): boolean => {
    for (let t = starts[node]; t < starts[node + 1]; t++) if (!eosTokenId.includes(tokens[t])) return true;
    return false;
  };
  return (text, from) => {
    const lengths: number[] = [];
    let node = roots[text[from]];
    for (let at = from + 1; node > 0; at++) {
      if (isWritten(node)) lengths.push(at - from);
      if (at === text.length) break;
      node = childOf(node, text[at]);
    }
    return lengths;
  };
}
