/**
 * Which tokens may come next. A token is allowed when each of its bytes is a step of the automaton, so the tree of all
 * tokens is walked along with it. Most of a walk stays inside one terminal (a string, say) whatever the grammar around it
 * is: that part is found once for each state of each terminal, as a set of tokens that stay inside and a list of places
 * where the terminal may end inside a token (Dong et al. 2024, "XGrammar", arXiv:2411.15100, call these independent of the
 * context). Only the tokens below such places are walked with the whole automaton.
 */
import { DEAD, type LazyDfa } from './automata/lazy-dfa.ts';
import type { Configuration, Item, Pushdown } from './grammar/pushdown.ts';
import { memo } from './memo.ts';
import { PLAIN, type Slice } from './vocabulary/slices.ts';
import type { TokenTrie } from './vocabulary/token-trie.ts';
import type { TokenTree, Vocabulary } from './vocabulary/vocabulary.ts';

export interface Masks {
  /**
   * Bit i of word w stands for token 32 w + i. End-of-sequence tokens are allowed where the text may end. Undefined
   * where it may not, and no token goes on.
   */
  maskOf(configuration: Configuration, isFirst: boolean): Uint32Array | undefined;
}

/** What is known of a terminal's state whatever follows the terminal. */
interface Inside {
  /** Tokens that all stay inside. */
  slice: Slice | undefined;
  /** The others. */
  trie: TokenTrie;
  /** Those of the others that stay inside, as ids where they are few. */
  tokens: Int32Array | Uint32Array;
  /** Nodes of `trie` at which the terminal may end, and tokens go on. */
  exits: Int32Array;
  /** Nodes below all of these. */
  below: number;
}

/** Bytes of masks that are kept; then they are computed anew. */
const MOST_BYTES = 64 * 2 ** 20;

export function createMasks(pushdown: Pushdown, vocabulary: Vocabulary): Masks {
  const words = Math.ceil(vocabulary.size / 32);
  const cache = new Map<Configuration, Uint32Array>();
  const firstCache = new Map<Configuration, Uint32Array>();
  let cached = 0;

  return {
    maskOf(configuration, isFirst) {
      const tree = isFirst ? vocabulary.firstTokens : vocabulary.tokens;
      const masks = tree === vocabulary.tokens ? cache : firstCache;
      const known = masks.get(configuration);
      if (known) return known;
      const mask = new Uint32Array(words);
      for (const item of configuration.items) addItem(item, configuration, tree, mask);
      if (configuration.isComplete) for (const id of vocabulary.eosTokenId) mask[id >> 5] |= 1 << (id & 31);
      if (!configuration.isComplete && mask.every(word => word === 0)) return undefined;
      cached += mask.byteLength;
      if (cached > MOST_BYTES) {
        cache.clear();
        firstCache.clear();
        cached = mask.byteLength;
      }
      masks.set(configuration, mask);
      return mask;
    },
  };

  function addItem({ terminal, state, follow }: Item, whole: Configuration, tree: TokenTree, mask: Uint32Array): void {
    const { slice, tokens, trie, exits, below } = insideOf(terminal, state, tree, words);
    if (slice) for (let w = 0; w < words; w++) mask[w] |= slice.tokens[w];
    if (tokens instanceof Uint32Array) for (let w = 0; w < words; w++) mask[w] |= tokens[w];
    else for (const id of tokens) mask[id >> 5] |= 1 << (id & 31);
    if (exits.length === 0) return;
    const after = pushdown.after(follow);
    if (!after || after.items.length === 0) return;
    // Where a terminal can end nearly everywhere, one walk from the root sees all of these places.
    if (below > 2 * trie.size) addBelow(whole, trie, 0, mask);
    else for (const node of exits) addBelow(after, trie, node, mask);
  }

  /** Adds the tokens below a node that the automaton allows. */
  function addBelow(from: Configuration, trie: TokenTrie, root: number, mask: Uint32Array): void {
    const { bytes, depths, ends, starts, tokens } = trie;
    const path: Configuration[] = [from];
    const base = depths[root];
    const end = ends[root];
    for (let node = root + 1; node < end; ) {
      const depth = depths[node] - base;
      const next = pushdown.step(path[depth - 1], bytes[node]);
      if (!next) {
        node = ends[node];
        continue;
      }
      path[depth] = next;
      for (let t = starts[node]; t < starts[node + 1]; t++) mask[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
      node++;
    }
  }
}

/** For each tree and terminal: what is known of its states. Terminals that many grammars share are shared here too. */
const insides = new WeakMap<TokenTree, WeakMap<LazyDfa, Map<number, Inside>>>();

function insideOf(terminal: LazyDfa, state: number, tree: TokenTree, words: number): Inside {
  const byTerminal = memo(insides, tree, () => new WeakMap<LazyDfa, Map<number, Inside>>());
  const byState = memo(byTerminal, terminal, () => new Map<number, Inside>());
  if (byState.size * words * 4 > MOST_BYTES) byState.clear();
  return memo(byState, state, () => {
    const slice = tree.slices.find(({ length }) => staysInside(terminal, state, length));
    const trie = slice?.rest ?? tree.trie;
    return { slice, trie, ...walk(terminal, state, trie, words) };
  });
}

/** Whether any plain characters, so many, may follow inside the terminal, and it ends after none of them. */
function staysInside(terminal: LazyDfa, state: number, length: number): boolean {
  const bytes = memo(plainBytes, terminal, () => {
    const classes = new Map(PLAIN.map(byte => [terminal.classOf[byte], byte]));
    return [...classes.values()];
  });
  const seen = new Set([state]);
  let reached = [state];
  for (let i = 0; i < length && reached.length > 0; i++) {
    const next: number[] = [];
    for (const from of reached) {
      for (const byte of bytes) {
        const target = terminal.step(from, byte);
        if (target === DEAD || terminal.isAccepting(target)) return false;
        if (seen.has(target)) continue;
        seen.add(target);
        next.push(target);
      }
    }
    reached = next;
  }
  return true;
}

/** One plain byte of each class. */
const plainBytes = new WeakMap<LazyDfa, number[]>();

/** The walk of the whole tree from one state of a terminal. */
function walk(
  terminal: LazyDfa,
  state: number,
  trie: TokenTrie,
  words: number,
): Pick<Inside, 'tokens' | 'exits' | 'below'> {
  const { bytes, depths, ends, starts, tokens, size } = trie;
  const { classOf, classes } = terminal;
  let { transitions } = terminal;
  const path = new Int32Array(trie.deepest + 1);
  path[0] = state;
  const allowed: number[] = [];
  const exits: number[] = [];
  let below = 0;
  for (let node = 1; node < size; ) {
    const depth = depths[node];
    let next = transitions[path[depth - 1] * classes + classOf[bytes[node]]];
    if (next < DEAD) {
      next = terminal.compute(path[depth - 1], bytes[node]);
      transitions = terminal.transitions;
    }
    if (next === DEAD) {
      node = ends[node];
      continue;
    }
    path[depth] = next;
    for (let t = starts[node]; t < starts[node + 1]; t++) allowed.push(tokens[t]);
    if (ends[node] > node + 1 && terminal.isAccepting(next)) {
      exits.push(node);
      below += ends[node] - node - 1;
    }
    node++;
  }
  return { tokens: compact(allowed, words), exits: Int32Array.from(exits), below };
}

/** Ids, or a mask where that is smaller. */
function compact(ids: number[], words: number): Int32Array | Uint32Array {
  if (ids.length < words) return Int32Array.from(ids);
  const mask = new Uint32Array(words);
  for (const id of ids) mask[id >> 5] |= 1 << (id & 31);
  return mask;
}
