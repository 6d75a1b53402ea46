/**
 * A deterministic automaton that is made as it is read: each state is a set of states of the nondeterministic one (Rabin &
 * Scott 1959), and exists once a text has reached it. Nothing is exponential but what a text really visits, and that is
 * bounded.
 */
import { UserError } from '../../../support/errors.ts';
import type { Nfa } from './nfa.ts';

export const DEAD = -1;
const UNKNOWN = -2;
/** More states than a legitimate pattern visits; beyond, memory and time would run away. */
const MOST_STATES = 1 << 16;

export class LazyDfa {
  /** Class of each byte: bytes of one class are alike in every state. */
  readonly classOf = new Uint8Array(256);
  readonly classes: number;
  readonly start: number;
  /** Whether no text at all is matched. */
  readonly isEmpty: boolean;
  /** Target for state × class; `DEAD`, or below it where not computed yet. Replaced as it grows. */
  transitions = new Int32Array(0);
  readonly #nfa: Nfa;
  readonly #sets: Int32Array[] = [];
  readonly #bySet = new Map<string, number>();
  readonly #accepting: boolean[] = [];
  readonly #firstOfClass: number[] = [];
  /** Marks of the states seen by the closure at hand. */
  readonly #seen: Int32Array;
  #round = 0;

  constructor(nfa: Nfa) {
    this.#nfa = nfa;
    this.#seen = new Int32Array(nfa.edges.length);
    const isBoundary = new Uint8Array(257);
    isBoundary[0] = 1;
    for (const out of nfa.edges) {
      for (const { low, high } of out) {
        isBoundary[low] = 1;
        isBoundary[high + 1] = 1;
      }
    }
    let classes = 0;
    for (let byte = 0; byte < 256; byte++) {
      if (isBoundary[byte]) {
        this.#firstOfClass.push(byte);
        classes++;
      }
      this.classOf[byte] = classes - 1;
    }
    this.classes = classes;
    const first = this.#closure([nfa.start]);
    this.start = this.#intern(first);
    this.isEmpty = first.length === 0;
  }

  get size(): number {
    return this.#sets.length;
  }

  /** The state after a byte, or `DEAD`. Every other state can still reach a match. */
  step(state: number, byte: number): number {
    const target = this.transitions[state * this.classes + this.classOf[byte]];
    return target === UNKNOWN ? this.compute(state, byte) : target;
  }

  /** What `step` does where `transitions` holds nothing yet. */
  compute(state: number, byte: number): number {
    const byteClass = this.classOf[byte];
    const first = this.#firstOfClass[byteClass];
    const targets: number[] = [];
    for (const s of this.#sets[state]) {
      for (const { low, high, target } of this.#nfa.edges[s]) if (low <= first && first <= high) targets.push(target);
    }
    const target = targets.length === 0 ? DEAD : this.#intern(this.#closure(targets));
    this.transitions[state * this.classes + byteClass] = target;
    return target;
  }

  isAccepting(state: number): boolean {
    return this.#accepting[state];
  }

  /** Whether any byte may follow. */
  canContinue(state: number): boolean {
    return this.#sets[state].some(s => this.#nfa.edges[s].length > 0);
  }

  /** The states reached without reading that read something or end, in order. */
  #closure(from: number[]): Int32Array {
    const { edges, jumps, end } = this.#nfa;
    const round = ++this.#round;
    const kept: number[] = [];
    const work = from;
    for (let s = work.pop(); s !== undefined; s = work.pop()) {
      if (this.#seen[s] === round) continue;
      this.#seen[s] = round;
      if (edges[s].length > 0 || s === end) kept.push(s);
      for (const target of jumps[s]) if (this.#seen[target] !== round) work.push(target);
    }
    return Int32Array.from(kept).sort();
  }

  #intern(set: Int32Array): number {
    const key = set.join();
    const known = this.#bySet.get(key);
    if (known !== undefined) return known;
    const state = this.#sets.push(set) - 1;
    if (state >= MOST_STATES) {
      throw new UserError('TSLM_CONSTRAINT_TOO_LARGE', `a pattern needs more than ${MOST_STATES} states`, {
        hint: 'choices that overlap before a counted repetition are expensive: make them differ at their beginning',
      });
    }
    this.#bySet.set(key, state);
    this.#accepting.push(set.includes(this.#nfa.end));
    const needed = (state + 1) * this.classes;
    if (this.transitions.length < needed) {
      const grown = new Int32Array(Math.max(needed, 2 * this.transitions.length, 16 * this.classes)).fill(UNKNOWN);
      grown.set(this.transitions);
      this.transitions = grown;
    }
    return state;
  }
}
