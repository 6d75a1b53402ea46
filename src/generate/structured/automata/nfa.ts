/** Regular expressions over characters as nondeterministic automata over the bytes of UTF-8 (Thompson 1968). */
import { pairs } from './code-points.ts';
import type { Dfa } from './dfa.ts';
import type { Expression } from './expression.ts';
import { utf8Sequences } from './utf8-ranges.ts';

/** Reads a byte from `low` to `high` and goes to `target`. */
export interface Edge {
  low: number;
  high: number;
  target: number;
}

/** Every state lies on a path from the start to the end; an empty language has no edges. */
export interface Nfa {
  edges: Edge[][];
  /** States that are reached without reading. */
  jumps: number[][];
  start: number;
  end: number;
}

const encoder = new TextEncoder();

/** @param isUsable which bytes can be written at all; default all */
export function buildNfa(expression: Expression, isUsable?: Uint8Array): Nfa {
  const edges: Edge[][] = [];
  const jumps: number[][] = [];
  const state = (): number => {
    jumps.push([]);
    return edges.push([]) - 1;
  };
  const connect = (from: number, low: number, high: number, target: number): void => {
    if (!isUsable) {
      edges[from].push({ low, high, target });
      return;
    }
    for (let byte = low; byte <= high; byte++) {
      if (!isUsable[byte]) continue;
      const first = byte;
      while (byte < high && isUsable[byte + 1]) byte++;
      edges[from].push({ low: first, high: byte, target });
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
        for (const option of part.options) {
          const branch = state();
          jumps[from].push(branch);
          jumps[add(option, branch)].push(to);
        }
        return to;
      }
      case 'repeat': {
        let at = from;
        for (let i = 0; i < part.min; i++) at = add(part.body, at);
        const to = state();
        if (part.max === Number.POSITIVE_INFINITY) {
          const loop = state();
          jumps[at].push(loop);
          jumps[add(part.body, loop)].push(loop);
          jumps[loop].push(to);
          return to;
        }
        for (let i = part.min; i < part.max; i++) {
          jumps[at].push(to);
          const copy = state();
          jumps[at].push(copy);
          at = add(part.body, copy);
        }
        jumps[at].push(to);
        return to;
      }
      case 'automaton':
        return addAutomaton(part.dfa, from);
      case 'rule':
        throw new Error(`rule '${part.name}' in a regular expression`);
    }
  };

  const addCharacters = (set: readonly number[], from: number): number => {
    const to = state();
    // Sequences that end alike share their last states.
    const shared = new Map<string, number>();
    for (const [low, high] of pairs(set)) {
      for (const bytes of utf8Sequences(low, high)) {
        let target = to;
        let key = '';
        for (let i = bytes.length - 1; i > 0; i--) {
          key += `${bytes[i]};`;
          let before = shared.get(key);
          if (before === undefined) {
            before = state();
            connect(before, ...bytes[i], target);
            shared.set(key, before);
          }
          target = before;
        }
        connect(from, ...bytes[0], target);
      }
    }
    return to;
  };

  const addAutomaton = (dfa: Dfa, from: number): number => {
    const to = state();
    const own = Array.from(dfa.accepting, state);
    jumps[from].push(own[0]);
    for (const [s, source] of own.entries()) {
      if (dfa.accepting[s]) jumps[source].push(to);
      for (let low = 0; low < 256; low++) {
        const target = dfa.next[s * 256 + low];
        if (target < 0) continue;
        const first = low;
        while (low < 255 && dfa.next[s * 256 + low + 1] === target) low++;
        connect(source, first, low, own[target]);
      }
    }
    return to;
  };

  const start = state();
  const end = add(expression, start);
  return trim({ edges, jumps, start, end });
}

/** Removes what leads nowhere, so that each state that is ever reached can still end. */
function trim(nfa: Nfa): Nfa {
  const { edges, jumps, end } = nfa;
  const sources: number[][] = edges.map(() => []);
  for (const [s, out] of edges.entries()) for (const { target } of out) sources[target].push(s);
  for (const [s, out] of jumps.entries()) for (const target of out) sources[target].push(s);
  const ends = new Uint8Array(edges.length);
  const work = [end];
  ends[end] = 1;
  for (let s = work.pop(); s !== undefined; s = work.pop()) {
    for (const source of sources[s]) {
      if (ends[source]) continue;
      ends[source] = 1;
      work.push(source);
    }
  }
  return {
    ...nfa,
    edges: edges.map(out => out.filter(({ target }) => ends[target])),
    jumps: jumps.map(out => out.filter(target => ends[target])),
  };
}
