/** Whole deterministic automata over bytes, and the operations on languages that need them: ∩, \ and whether one is empty. */
import { usageError } from '../../support/errors.ts';
import type { Expression } from './expression.ts';
import { sizeOf } from './expression.ts';
import { LazyDfa } from './lazy-dfa.ts';
import { buildNfa } from './nfa.ts';
import { DEAD } from './terminal.ts';

/** State 0 is the start; from each state that is there a match can be reached, unless the language is empty. */
export interface Dfa {
  /** Class of each byte: bytes of one class lead to the same states. */
  classOf: Uint8Array;
  classes: number;
  /** Target for state × class, or `DEAD`. */
  next: Int32Array;
  accepting: Uint8Array;
}

/** Most transitions of an automaton that is computed whole: states times classes of bytes. */
const MOST_TRANSITIONS = 400_000;
/** Most states and edges that an expression may be written out to before. */
const MOST_PARTS = 200_000;

const tooLarge = (): Error =>
  usageError(
    'TSLM_CONSTRAINT_TOO_LARGE',
    `patterns that must hold together need more than ${MOST_TRANSITIONS} transitions between states`,
    'simplify a pattern, or lower the counts that it is combined with',
  );

/** @throws UserError when it would have too many states */
export function dfaOf(expression: Expression): Dfa {
  if (expression.kind === 'automaton') return expression.dfa;
  const known = built.get(expression);
  if (known) return known;
  if (sizeOf(expression) > MOST_PARTS) throw tooLarge();
  const lazy = new LazyDfa(buildNfa(expression));
  const dfa = explore(
    lazy.start,
    lazy.classOf,
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
    state = dfa.next[state * dfa.classes + dfa.classOf[byte]];
    if (state < 0) return false;
  }
  return dfa.accepting[state] === 1;
}

/** Pairs of states as one number; −1 stands for a dead half, which only `b` may have. */
function product(a: Dfa, b: Dfa, accepts: (inA: boolean, inB: boolean) => boolean): Dfa {
  const width = b.accepting.length + 1;
  const classOf = commonClasses(a.classOf, b.classOf);
  return explore(
    1,
    classOf,
    (pair, byte) => {
      const nextA = a.next[Math.floor(pair / width) * a.classes + a.classOf[byte]];
      if (nextA < 0) return DEAD;
      const inB = (pair % width) - 1;
      const nextB = inB < 0 ? DEAD : b.next[inB * b.classes + b.classOf[byte]];
      return nextA * width + nextB + 1;
    },
    pair => {
      const inB = (pair % width) - 1;
      return accepts(a.accepting[Math.floor(pair / width)] === 1, inB >= 0 && b.accepting[inB] === 1);
    },
  );
}

/** Bytes are alike in both where they are alike in each. */
function commonClasses(a: Uint8Array, b: Uint8Array): Uint8Array {
  const ids = new Map<number, number>();
  return a.map((ofA, byte) => {
    const pair = ofA * 256 + b[byte];
    if (!ids.has(pair)) ids.set(pair, ids.size);
    return ids.get(pair)!;
  });
}

/** All that is reachable from `start`, without states from which no match can be reached. */
function explore(
  start: number,
  classOf: Uint8Array,
  step: (state: number, byte: number) => number,
  isAccepting: (state: number) => boolean,
): Dfa {
  const representatives = [...new Map(Array.from(classOf, (id, byte) => [id, byte])).entries()]
    .sort(([a], [b]) => a - b)
    .map(([, byte]) => byte);
  const classes = representatives.length;
  const ids = new Map([[start, 0]]);
  const states = [start];
  const next: number[] = [];
  for (let i = 0; i < states.length; i++) {
    for (const byte of representatives) {
      const target = step(states[i], byte);
      let id = target === DEAD ? DEAD : ids.get(target);
      if (id === undefined) {
        id = states.push(target) - 1;
        if (id * classes >= MOST_TRANSITIONS) throw tooLarge();
        ids.set(target, id);
      }
      next.push(id);
    }
  }
  return trim({ classOf, classes, next, accepting: states.map(isAccepting) });
}

function trim(all: { classOf: Uint8Array; classes: number; next: number[]; accepting: boolean[] }): Dfa {
  const { classOf, classes, next, accepting } = all;
  const sources: number[][] = accepting.map(() => []);
  for (const [i, target] of next.entries()) if (target >= 0) sources[target].push(Math.floor(i / classes));
  const kept = new Set(accepting.flatMap((accepts, state) => (accepts ? [state] : [])));
  for (const state of kept) for (const source of sources[state]) kept.add(source);
  // The start stays, even where nothing matches.
  const order = [0, ...[...kept].filter(state => state !== 0).sort((a, b) => a - b)];
  const renamed = new Int32Array(accepting.length).fill(DEAD);
  for (const [i, state] of order.entries()) if (kept.has(state)) renamed[state] = i;
  const rows = new Int32Array(order.length * classes);
  for (const [i, state] of order.entries()) {
    for (let c = 0; c < classes; c++) {
      const target = next[state * classes + c];
      rows[i * classes + c] = target < 0 ? DEAD : renamed[target];
    }
  }
  return { classOf, classes, next: rows, accepting: Uint8Array.from(order, state => (accepting[state] ? 1 : 0)) };
}
