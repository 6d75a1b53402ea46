/** An automaton that was computed whole, as a terminal. */
import type { Dfa } from './dfa.ts';
import { distancesOfDfa, furthestOf, PREFERRED } from './nearest.ts';
import { DEAD, type Terminal } from './terminal.ts';

export class TableDfa implements Terminal {
  readonly classOf: Uint8Array;
  readonly start = 0;
  readonly isEmpty: boolean;
  readonly bytes: number;
  readonly #dfa: Dfa;
  #known: { distances: Int32Array; furthest: number } | undefined;

  constructor(dfa: Dfa) {
    this.#dfa = dfa;
    this.classOf = dfa.classOf;
    this.isEmpty = !dfa.accepting.includes(1);
    this.bytes = dfa.next.byteLength + dfa.accepting.byteLength + 256;
  }

  step(state: number, byte: number): number {
    const { next, classes, classOf } = this.#dfa;
    return next[state * classes + classOf[byte]];
  }

  isAccepting(state: number): boolean {
    return this.#dfa.accepting[state] === 1;
  }

  get #nearest(): { distances: Int32Array; furthest: number } {
    if (!this.#known) {
      const distances = distancesOfDfa(this.#dfa);
      this.#known = { distances, furthest: furthestOf(distances) };
    }
    return this.#known;
  }

  nextByte(state: number): number {
    const { distances } = this.#nearest;
    return PREFERRED.find(byte => {
      const target = this.step(state, byte);
      return target !== DEAD && distances[target] < distances[state];
    })!;
  }

  furthest(): number {
    return this.#nearest.furthest;
  }

  canContinue(state: number): boolean {
    const { next, classes } = this.#dfa;
    for (let i = state * classes; i < (state + 1) * classes; i++) if (next[i] !== DEAD) return true;
    return false;
  }
}
