/** Whole deterministic automata over bytes, and the operations on languages that need them: ∩, \ and whether one is empty. */
import { usageError } from '../../../support/errors.ts';
import type { Expression } from './expression.ts';
import { sizeOf } from './expression.ts';
import { DEAD, LazyDfa } from './lazy-dfa.ts';
import { buildNfa } from './nfa.ts';

/** State 0 is the start; from each state that is there a match can be reached, unless the language is empty. */
export interface Dfa {
  /** Target for state × 256 + byte, or −1. */
  next: Int32Array;
  accepting: Uint8Array;
}

/** Most states of an automaton that is computed whole. */
const MOST_STATES = 20_000;

const tooLarge = (): Error =>
  usageError(
    'TSLM_CONSTRAINT_TOO_LARGE',
    `patterns that must hold together need more than ${MOST_STATES} states`,
    'simplify a pattern, or lower the counts and lengths that it is combined with',
  );

/** @throws UserError when it would have too many states */
export function dfaOf(expression: Expression): Dfa {
  if (expression.kind === 'automaton') return expression.dfa;
  const known = built.get(expression);
  if (known) return known;
  if (sizeOf(expression) > 10 * MOST_STATES) throw tooLarge();
  const lazy = new LazyDfa(buildNfa(expression));
  const dfa = explore(
    lazy.start,
    (state, byte) => lazy.step(state, byte),
    state => lazy.isAccepting(state),
  );
  built.set(expression, dfa);
  return dfa;
}
const built = new WeakMap<Expression, Dfa>();

/** Texts that both match. */
export const intersect = (a: Dfa, b: Dfa): Dfa => product(a, b, (inA, inB) => inA && inB);

/** Texts that `a` matches and `b` does not. */
export const subtract = (a: Dfa, b: Dfa): Dfa => product(a, b, (inA, inB) => inA && !inB);

export const isEmpty = (dfa: Dfa): boolean => !dfa.accepting.includes(1);

/** Whether the bytes match. */
export function matches(dfa: Dfa, bytes: Iterable<number>): boolean {
  let state = 0;
  for (const byte of bytes) {
    state = dfa.next[state * 256 + byte];
    if (state < 0) return false;
  }
  return dfa.accepting[state] === 1;
}

/** Pairs of states as one number; −1 stands for a dead half, which only `b` may have. */
function product(a: Dfa, b: Dfa, accepts: (inA: boolean, inB: boolean) => boolean): Dfa {
  const width = b.accepting.length + 1;
  return explore(
    1,
    (pair, byte) => {
      const nextA = a.next[Math.floor(pair / width) * 256 + byte];
      if (nextA < 0) return DEAD;
      const inB = (pair % width) - 1;
      const nextB = inB < 0 ? DEAD : b.next[inB * 256 + byte];
      return nextA * width + nextB + 1;
    },
    pair => {
      const inB = (pair % width) - 1;
      return accepts(a.accepting[Math.floor(pair / width)] === 1, inB >= 0 && b.accepting[inB] === 1);
    },
  );
}

/** All that is reachable from `start`, without states from which no match can be reached. */
function explore(
  start: number,
  step: (state: number, byte: number) => number,
  isAccepting: (state: number) => boolean,
): Dfa {
  const ids = new Map([[start, 0]]);
  const states = [start];
  const next: number[] = [];
  for (let i = 0; i < states.length; i++) {
    for (let byte = 0; byte < 256; byte++) {
      const target = step(states[i], byte);
      let id = target === DEAD ? -1 : ids.get(target);
      if (id === undefined) {
        id = states.push(target) - 1;
        if (id >= MOST_STATES) throw tooLarge();
        ids.set(target, id);
      }
      next.push(id);
    }
  }
  return trim(next, states.map(isAccepting));
}

function trim(next: number[], accepting: boolean[]): Dfa {
  const sources: number[][] = accepting.map(() => []);
  for (const [i, target] of next.entries()) if (target >= 0) sources[target].push(i >> 8);
  const kept = new Set(accepting.flatMap((accepts, state) => (accepts ? [state] : [])));
  for (const state of kept) for (const source of sources[state]) kept.add(source);
  // The start stays, even where nothing matches.
  const order = [0, ...[...kept].filter(state => state !== 0).sort((a, b) => a - b)];
  const renamed = new Int32Array(accepting.length).fill(-1);
  for (const [i, state] of order.entries()) if (kept.has(state)) renamed[state] = i;
  const rows = new Int32Array(order.length * 256);
  for (const [i, state] of order.entries()) {
    for (let byte = 0; byte < 256; byte++) {
      const target = next[state * 256 + byte];
      rows[i * 256 + byte] = target < 0 ? -1 : renamed[target];
    }
  }
  return { next: rows, accepting: Uint8Array.from(order, state => (accepting[state] ? 1 : 0)) };
}
