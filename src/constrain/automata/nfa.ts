/** Regular expressions over characters as nondeterministic automata over the bytes of UTF-8 (Thompson 1968). */
import { memo } from '../memo.ts';
import { type CodePoints, pairs } from './code-points.ts';
import type { Dfa } from './dfa.ts';
import type { Expression } from './expression.ts';
import type { Trie } from './trie.ts';
import { utf8Sequences } from './utf8-ranges.ts';

/**
 * Every state lies on a path from the start to the end; an empty language has no edges. Edges and jumps of state s begin
 * at its entry of `edgeStarts` and `jumpStarts`, and end where those of s + 1 begin.
 */
export interface Nfa {
  edgeStarts: Int32Array;
  /** An edge reads a byte from its low to its high and goes to its target. */
  lows: Uint8Array;
  highs: Uint8Array;
  targets: Int32Array;
  jumpStarts: Int32Array;
  /** States that are reached without reading. */
  jumps: Int32Array;
  start: number;
  end: number;
}

const encoder = new TextEncoder();

/** Edges and jumps in the order in which they are made. */
interface Links {
  from: number[];
  to: number[];
}

/** @param isUsable which bytes can be written at all; default all */
export function buildNfa(expression: Expression, isUsable?: Uint8Array): Nfa {
  const edges: Links & { lows: number[]; highs: number[] } = { from: [], to: [], lows: [], highs: [] };
  const jumps: Links = { from: [], to: [] };
  let states = 0;
  const areAllUsable = !isUsable?.includes(0);
  /** Whether a state may have been made from which the end is not reached. */
  let hasDeadEnds = false;
  const state = (): number => states++;
  const jump = (from: number, to: number): void => {
    jumps.from.push(from);
    jumps.to.push(to);
  };
  const edge = (from: number, low: number, high: number, to: number): void => {
    edges.from.push(from);
    edges.to.push(to);
    edges.lows.push(low);
    edges.highs.push(high);
  };
  const connect = (from: number, low: number, high: number, target: number): void => {
    if (areAllUsable) {
      edge(from, low, high, target);
      return;
    }
    hasDeadEnds = true;
    for (let byte = low; byte <= high; byte++) {
      if (!isUsable![byte]) continue;
      const first = byte;
      while (byte < high && isUsable![byte + 1]) byte++;
      edge(from, first, byte, target);
    }
  };

  /** Adds what leads from `from` to the state that is returned. */
  const add = (part: Expression, from: number): number => {
    switch (part.kind) {
      case 'literal': {
        let at = from;
        for (const byte of encoder.encode(part.text)) {
          const next = state();
          connect(at, byte, byte, next);
          at = next;
        }
        return at;
      }
      case 'characters':
        return addCharacters(part.set, from);
      case 'sequence':
        return part.parts.reduce((at, inner) => add(inner, at), from);
      case 'choice': {
        const to = state();
        if (part.options.length === 0) hasDeadEnds = true;
        for (const option of part.options) {
          const branch = state();
          jump(from, branch);
          jump(add(option, branch), to);
        }
        return to;
      }
      case 'repeat': {
        let at = from;
        for (let i = 0; i < part.min; i++) at = add(part.body, at);
        const to = state();
        if (part.max === Number.POSITIVE_INFINITY) {
          const loop = state();
          jump(at, loop);
          jump(add(part.body, loop), loop);
          jump(loop, to);
          return to;
        }
        for (let i = part.min; i < part.max; i++) {
          jump(at, to);
          const copy = state();
          jump(at, copy);
          at = add(part.body, copy);
        }
        jump(at, to);
        return to;
      }
      case 'automaton':
        return addAutomaton(part.dfa, from);
      case 'texts':
        return addTrie(part.trie, from);
      default:
        throw new Error(`'${part.kind}' in a regular expression`);
    }
  };

  const addCharacters = (set: CodePoints, from: number): number => {
    const to = state();
    const { inner, edges: own } = memo(pieces, set, () => pieceOf(set));
    if (own.length === 0) hasDeadEnds = true;
    const first = states;
    states += inner;
    const at = (local: number): number => (local === FROM ? from : local === TO ? to : first + local);
    for (const [source, low, high, target] of own) connect(at(source), low, high, at(target));
    return to;
  };

  const addAutomaton = ({ accepting, next, classes, classOf }: Dfa, from: number): number => {
    const to = state();
    if (!accepting.includes(1)) hasDeadEnds = true;
    const own = Array.from(accepting, state);
    jump(from, own[0]);
    for (const [s, source] of own.entries()) {
      if (accepting[s]) jump(source, to);
      const targetOf = (byte: number): number => next[s * classes + classOf[byte]];
      for (let low = 0; low < 256; low++) {
        const target = targetOf(low);
        if (target < 0) continue;
        const first = low;
        while (low < 255 && targetOf(low + 1) === target) low++;
        connect(source, first, low, own[target]);
      }
    }
    return to;
  };

  const addTrie = ({ edgeStarts, bytes, targets, accepting }: Trie, from: number): number => {
    const to = state();
    if (!accepting.includes(1)) hasDeadEnds = true;
    const own = Array.from(accepting, state);
    jump(from, own[0]);
    for (const [node, source] of own.entries()) {
      if (accepting[node]) jump(source, to);
      for (let e = edgeStarts[node]; e < edgeStarts[node + 1]; e++)
        connect(source, bytes[e], bytes[e], own[targets[e]]);
    }
    return to;
  };

  const start = state();
  const end = add(expression, start);

  // What leads nowhere is left out, so that each state that is ever reached can still end.
  const ends = hasDeadEnds ? canReach(end, states, edges, jumps) : new Uint8Array(states).fill(1);
  const keptEdges = group(edges, states, ends);
  const keptJumps = group(jumps, states, ends);
  return {
    edgeStarts: keptEdges.starts,
    lows: Uint8Array.from(keptEdges.order, e => edges.lows[e]),
    highs: Uint8Array.from(keptEdges.order, e => edges.highs[e]),
    targets: Int32Array.from(keptEdges.order, e => edges.to[e]),
    jumpStarts: keptJumps.starts,
    jumps: Int32Array.from(keptJumps.order, j => jumps.to[j]),
    start,
    end,
  };
}

/** A set of characters as edges: from one state, over `inner` states numbered from 0, to another. */
interface Piece {
  inner: number;
  edges: [from: number, low: number, high: number, to: number][];
}
const FROM = -1;
const TO = -2;
const pieces = new WeakMap<CodePoints, Piece>();

function pieceOf(set: CodePoints): Piece {
  const piece: Piece = { inner: 0, edges: [] };
  // Sequences that end alike share their last states.
  const shared = new Map<string, number>();
  for (const [low, high] of pairs(set)) {
    for (const bytes of utf8Sequences(low, high)) {
      let target = TO;
      let key = '';
      for (let i = bytes.length - 1; i > 0; i--) {
        key += `${bytes[i]};`;
        let before = shared.get(key);
        if (before === undefined) {
          before = piece.inner++;
          piece.edges.push([before, ...bytes[i], target]);
          shared.set(key, before);
        }
        target = before;
      }
      piece.edges.push([FROM, ...bytes[0], target]);
    }
  }
  return piece;
}

/** Links that lead to states of `kept`, ordered by where they come from. */
function group({ from, to }: Links, states: number, kept: Uint8Array): { starts: Int32Array; order: Int32Array } {
  const starts = new Int32Array(states + 1);
  let size = 0;
  for (let i = 0; i < from.length; i++) {
    if (!kept[to[i]]) continue;
    starts[from[i] + 1]++;
    size++;
  }
  for (let s = 0; s < states; s++) starts[s + 1] += starts[s];
  const filled = starts.slice();
  const order = new Int32Array(size);
  for (let i = 0; i < from.length; i++) if (kept[to[i]]) order[filled[from[i]]++] = i;
  return { starts, order };
}

/** 1 for each state from which `end` can be reached. */
function canReach(end: number, states: number, ...all: Links[]): Uint8Array {
  const everything = new Uint8Array(states).fill(1);
  const backwards = all.map(({ from, to }) => ({ from, ...group({ from: to, to: from }, states, everything) }));
  const reaches = new Uint8Array(states);
  const work = [end];
  reaches[end] = 1;
  for (let s = work.pop(); s !== undefined; s = work.pop()) {
    for (const { from, starts, order } of backwards) {
      for (let i = starts[s]; i < starts[s + 1]; i++) {
        const source = from[order[i]];
        if (reaches[source]) continue;
        reaches[source] = 1;
        work.push(source);
      }
    }
  }
  return reaches;
}
