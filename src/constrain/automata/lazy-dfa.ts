/**
 * A deterministic automaton that is made as it is read: each state is a set of states of the nondeterministic one (Rabin &
 * Scott 1959), and exists once a text has reached it. Nothing is exponential but what a text really visits, and that is
 * bounded.
 */
import { UserError } from '../../support/errors.ts';
import { spend } from '../work.ts';
import { distancesOfNfa, furthestOf, preferredOf } from './nearest.ts';
import type { Nfa } from './nfa.ts';
import { DEAD, type Terminal } from './terminal.ts';

const UNKNOWN = -2;
/** More states than a legitimate pattern visits, and what they may hold; beyond, memory and time would run away. */
const MOST_STATES = 1 << 16;
const MOST_BYTES = 32 * 2 ** 20;

export class LazyDfa implements Terminal {
  readonly classOf = new Uint8Array(256);
  readonly classes: number;
  readonly start: number;
  readonly isEmpty: boolean;
  /** Target for state × class; `DEAD`, or below it where not computed yet. */
  #transitions = new Int32Array(0);
  readonly #nfa: Nfa;
  readonly #sets: Int32Array[] = [];
  readonly #bySet = new Map<string, number>();
  readonly #accepting: boolean[] = [];
  readonly #firstOfClass: number[] = [];
  /** Marks of the states seen by the closure at hand. */
  readonly #seen: Int32Array;
  #round = 0;
  #setBytes = 0;
  #known: { distances: Int32Array; furthest: number } | undefined;

  constructor(nfa: Nfa) {
    this.#nfa = nfa;
    this.#seen = new Int32Array(nfa.edgeStarts.length - 1);
    const isBoundary = new Uint8Array(257);
    isBoundary[0] = 1;
    for (const low of nfa.lows) isBoundary[low] = 1;
    for (const high of nfa.highs) isBoundary[high + 1] = 1;
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

  get bytes(): number {
    const { lows, jumps } = this.#nfa;
    return this.#transitions.byteLength + this.#setBytes + 12 * this.#seen.length + 6 * lows.length + 4 * jumps.length;
  }

  step(state: number, byte: number): number {
    const target = this.#transitions[state * this.classes + this.classOf[byte]];
    return target === UNKNOWN ? this.#compute(state, byte) : target;
  }

  #compute(state: number, byte: number): number {
    const byteClass = this.classOf[byte];
    const first = this.#firstOfClass[byteClass];
    const { edgeStarts, lows, highs, targets } = this.#nfa;
    const reached: number[] = [];
    const set = this.#sets[state];
    for (const s of set) {
      for (let e = edgeStarts[s]; e < edgeStarts[s + 1]; e++) {
        if (lows[e] <= first && first <= highs[e]) reached.push(targets[e]);
      }
    }
    spend(set.length);
    const target = reached.length === 0 ? DEAD : this.#intern(this.#closure(reached));
    this.#transitions[state * this.classes + byteClass] = target;
    return target;
  }

  isAccepting(state: number): boolean {
    return this.#accepting[state];
  }

  canContinue(state: number): boolean {
    const { edgeStarts } = this.#nfa;
    return this.#sets[state].some(s => edgeStarts[s] < edgeStarts[s + 1]);
  }

  get #nearest(): { distances: Int32Array; furthest: number } {
    if (!this.#known) {
      const distances = distancesOfNfa(this.#nfa);
      this.#known = { distances, furthest: furthestOf(distances) };
    }
    return this.#known;
  }

  nextByte(state: number): number {
    const { distances } = this.#nearest;
    const { edgeStarts, lows, highs, targets } = this.#nfa;
    let nearest = -1;
    for (const s of this.#sets[state]) {
      for (let e = edgeStarts[s]; e < edgeStarts[s + 1]; e++) {
        if (nearest < 0 || distances[targets[e]] < distances[targets[nearest]]) nearest = e;
      }
    }
    return preferredOf(lows[nearest], highs[nearest]);
  }

  furthest(): number {
    return this.#nearest.furthest;
  }

  /** The states reached without reading that read something or end, in order. */
  #closure(work: number[]): Int32Array {
    const { edgeStarts, jumpStarts, jumps, end } = this.#nfa;
    const round = ++this.#round;
    const kept: number[] = [];
    let visited = 0;
    for (let s = work.pop(); s !== undefined; s = work.pop()) {
      if (this.#seen[s] === round) continue;
      this.#seen[s] = round;
      visited++;
      if (edgeStarts[s] < edgeStarts[s + 1] || s === end) kept.push(s);
      for (let j = jumpStarts[s]; j < jumpStarts[s + 1]; j++) if (this.#seen[jumps[j]] !== round) work.push(jumps[j]);
    }
    spend(visited);
    return Int32Array.from(kept).sort();
  }

  #intern(set: Int32Array): number {
    const key = keyOf(set);
    const known = this.#bySet.get(key);
    if (known !== undefined) return known;
    const state = this.#sets.push(set) - 1;
    this.#setBytes += 6 * set.length + 150;
    if (state >= MOST_STATES || this.#setBytes > MOST_BYTES) {
      throw new UserError('TSLM_CONSTRAINT_TOO_LARGE', `a pattern needs more than ${state} states`, {
        hint: 'choices that overlap before a counted repetition are expensive: make them differ at their beginning',
      });
    }
    this.#bySet.set(key, state);
    this.#accepting.push(set.includes(this.#nfa.end));
    const needed = (state + 1) * this.classes;
    if (this.#transitions.length < needed) {
      const grown = new Int32Array(Math.max(needed, 2 * this.#transitions.length, 16 * this.classes)).fill(UNKNOWN);
      grown.set(this.#transitions);
      this.#transitions = grown;
    }
    return state;
  }
}

/** Sets as texts of two characters a state: short, and quickly made. */
function keyOf(set: Int32Array): string {
  let key = '';
  for (const s of set) key += String.fromCharCode(s & 0xffff, s >>> 16);
  return key;
}
