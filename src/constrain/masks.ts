/**
 * Which tokens may come next. A token is allowed when each of its bytes is a step of the automaton, so the tree of all
 * tokens is walked along with it. Most of a walk stays inside one terminal (a string, say) whatever the grammar around it
 * is: that part is found once for each state of each terminal, as a set of tokens that stay inside and a list of places
 * where the terminal may end inside a token (Dong et al. 2024, "XGrammar", arXiv:2411.15100, call these independent of the
 * context). Only the tokens below such places are walked with the whole automaton.
 */
import { DEAD, type Terminal } from './automata/terminal.ts';
import type { Closing } from './closing.ts';
import type { Configuration, Item, Pushdown } from './grammar/pushdown.ts';
import { memo } from './memo.ts';
import { PLAIN, type Slice } from './vocabulary/slices.ts';
import type { TokenTrie } from './vocabulary/token-trie.ts';
import type { TokenTree, Vocabulary } from './vocabulary/vocabulary-data.ts';
import { spend } from './work.ts';

export interface Mask {
  /** Bit i of word w stands for token 32 w + i. */
  tokens: Uint32Array;
  /** Upper bound on the tokens from any of them to the nearest accepting state; undefined where it was not asked for. */
  reach: number | undefined;
}

export interface Masks {
  /** Undefined where the mask was not found yet, or is forgotten. */
  known(configuration: Configuration, isFirst: boolean): Mask | undefined;
  /**
   * Finds the mask, a slice of work at a time. End-of-sequence tokens are allowed where the text may end. Undefined where
   * it may not, and no token goes on.
   *
   * @param closing where it is wanted how far a text may be from its end then
   */
  find(configuration: Configuration, isFirst: boolean, closing?: Closing): Generator<void, Mask | undefined>;
  /** Estimated bytes of what is remembered. */
  readonly bytes: number;
  forget(): void;
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

/** Bytes of masks that are kept, and of what is known of terminals; then the oldest go. */
const MOST_BYTES = 16 * 2 ** 20;
/** Nodes of a walk between two places where it may pause. */
const SLICE = 2048;

export function createMasks(pushdown: Pushdown, vocabulary: Vocabulary): Masks {
  const words = Math.ceil(vocabulary.size / 32);
  const cache = new Map<Configuration, Mask>();
  const firstCache = new Map<Configuration, Mask>();
  const used = new Map<TokenTree, Set<Terminal>>();
  let insideBytes = 0;

  const treeOf = (isFirst: boolean): TokenTree => (isFirst ? vocabulary.firstTokens : vocabulary.tokens);
  const masksOf = (isFirst: boolean): Map<Configuration, Mask> =>
    treeOf(isFirst) === vocabulary.tokens ? cache : firstCache;
  const maskBytes = (): number => (cache.size + firstCache.size) * words * 4;

  function forgetInsides(): void {
    for (const [tree, terminals] of used) for (const terminal of terminals) insides.get(tree)?.delete(terminal);
    used.clear();
    insideBytes = 0;
  }

  return {
    known: (configuration, isFirst) => masksOf(isFirst).get(configuration),
    *find(configuration, isFirst, closing) {
      const tree = treeOf(isFirst);
      const mask = new Uint32Array(words);
      let reach = 0;
      for (const item of configuration.items) {
        reach = Math.max(reach, yield* addItem(item, configuration, tree, mask, closing));
      }
      // A token that ends the text is nothing else.
      for (const id of vocabulary.eosTokenId) {
        if (configuration.isComplete) mask[id >> 5] |= 1 << (id & 31);
        else mask[id >> 5] &= ~(1 << (id & 31));
      }
      if (!configuration.isComplete && mask.every(word => word === 0)) return undefined;
      const masks = masksOf(isFirst);
      for (const oldest of masks.keys()) {
        if (maskBytes() + mask.byteLength <= MOST_BYTES) break;
        masks.delete(oldest);
      }
      const found: Mask = { tokens: mask, reach: closing && reach };
      masks.set(configuration, found);
      return found;
    },
    get bytes() {
      let automata = 0;
      for (const terminals of used.values()) for (const { bytes } of terminals) automata += bytes;
      return maskBytes() + insideBytes + automata;
    },
    forget() {
      cache.clear();
      firstCache.clear();
      forgetInsides();
    },
  };

  /** Returns how far a text may be from its end then, where `closing` says it. */
  function* addItem(
    item: Item,
    whole: Configuration,
    tree: TokenTree,
    mask: Uint32Array,
    closing: Closing | undefined,
  ): Generator<void, number> {
    const inside = yield* insideOf(item, tree);
    const { slice, tokens, trie, exits, below } = inside;
    spend(words >> 3);
    if (slice) for (let w = 0; w < words; w++) mask[w] |= slice.tokens[w];
    if (tokens instanceof Uint32Array) for (let w = 0; w < words; w++) mask[w] |= tokens[w];
    else for (const id of tokens) mask[id >> 5] |= 1 << (id & 31);
    let reach = 0;
    if (closing && (slice || tokens.length > 0)) {
      reach = item.terminal.furthest(item.state) + closing.after(item.follow);
    }
    yield;
    if (exits.length === 0) return reach;
    const after = pushdown.after(item.follow);
    if (!after || after.items.length === 0) return reach;
    // Where a terminal can end nearly everywhere, one walk from the root sees all of these places.
    if (below > 2 * trie.size) return Math.max(reach, yield* addBelow(whole, trie, 0, mask, closing));
    for (const node of exits) reach = Math.max(reach, yield* addBelow(after, trie, node, mask, closing));
    return reach;
  }

  /** Adds the tokens below a node that the automaton allows. */
  function* addBelow(
    from: Configuration,
    trie: TokenTrie,
    root: number,
    mask: Uint32Array,
    closing: Closing | undefined,
  ): Generator<void, number> {
    const { bytes, depths, ends, starts, tokens } = trie;
    const path: Configuration[] = [from];
    const base = depths[root];
    const end = ends[root];
    let reach = 0;
    for (let node = root + 1; node < end; ) {
      const depth = depths[node] - base;
      const next = pushdown.step(path[depth - 1], bytes[node]);
      spend(2);
      yield;
      if (!next) {
        node = ends[node];
        continue;
      }
      path[depth] = next;
      for (let t = starts[node]; t < starts[node + 1]; t++) mask[tokens[t] >> 5] |= 1 << (tokens[t] & 31);
      if (closing && starts[node] < starts[node + 1]) reach = Math.max(reach, closing.distance(next));
      node++;
    }
    return reach;
  }

  function* insideOf(item: Item, tree: TokenTree): Generator<void, Inside> {
    const alike = item.terminal.alike?.(item.state, tree.trie.deepest);
    const { terminal, state } = alike ?? item;
    const byTerminal = memo(insides, tree, () => new WeakMap<Terminal, Map<number, Inside>>());
    const byState = memo(byTerminal, terminal, () => new Map<number, Inside>());
    memo(used, tree, () => new Set<Terminal>()).add(terminal);
    const known = byState.get(state);
    if (known) return known;
    const slice = tree.slices.find(({ length }) => staysInside(terminal, state, length));
    yield;
    const trie = slice?.rest ?? tree.trie;
    const inside: Inside = { slice, trie, ...(yield* walk(terminal, state, trie, words)) };
    insideBytes += inside.tokens.byteLength + inside.exits.byteLength + 100;
    if (insideBytes > MOST_BYTES) forgetInsides();
    byState.set(state, inside);
    return inside;
  }
}

/** For each tree and terminal: what is known of its states. Terminals that many grammars share are shared here too. */
const insides = new WeakMap<TokenTree, WeakMap<Terminal, Map<number, Inside>>>();

/** Whether any n plain characters may follow inside the terminal, and it ends after none of them. */
function staysInside(terminal: Terminal, state: number, length: number): boolean {
  const bytes = memo(plainBytes, terminal, () => {
    const classes = new Map(PLAIN.map(byte => [terminal.classOf[byte], byte]));
    return [...classes.values()];
  });
  const seen = new Set([state]);
  let reached = [state];
  for (let i = 0; i < length && reached.length > 0; i++) {
    const next: number[] = [];
    for (const from of reached) {
      spend(bytes.length);
      for (const byte of bytes) {
        const target = terminal.step(from, byte);
        if (target === DEAD || terminal.isAccepting(target)) return false;
        if (seen.has(target)) continue;
        seen.add(target);
        next.push(target);
      }
      if (seen.size > MOST_STATES) return false;
    }
    reached = next;
  }
  return true;
}
/** States that are looked at to find whether a slice stays inside; where there are more, the walk finds out. */
const MOST_STATES = 1000;

/** One plain byte of each class. */
const plainBytes = new WeakMap<Terminal, number[]>();

/** The walk of the whole tree from one state of a terminal. */
function* walk(
  terminal: Terminal,
  state: number,
  trie: TokenTrie,
  words: number,
): Generator<void, Pick<Inside, 'tokens' | 'exits' | 'below'>> {
  const { bytes, depths, ends, starts, tokens, size } = trie;
  const path = new Float64Array(trie.deepest + 1);
  path[0] = state;
  const allowed: number[] = [];
  const exits: number[] = [];
  let below = 0;
  let visited = 0;
  for (let node = 1; node < size; ) {
    if (++visited % SLICE === 0) {
      spend(SLICE);
      yield;
    }
    const depth = depths[node];
    const next = terminal.step(path[depth - 1], bytes[node]);
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
  spend(visited % SLICE);
  return { tokens: compact(allowed, words), exits: Int32Array.from(exits), below };
}

/** Ids, or a mask where that is smaller. */
function compact(ids: number[], words: number): Int32Array | Uint32Array {
  if (ids.length < words) return Int32Array.from(ids);
  const mask = new Uint32Array(words);
  for (const id of ids) mask[id >> 5] |= 1 << (id & 31);
  return mask;
}
