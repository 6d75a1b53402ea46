/** Any string of JSON but those of a list: names that an object does not list already, say. */
import type { Dfa } from './dfa.ts';
import { PREFERRED } from './nearest.ts';
import type { TableDfa } from './table-dfa.ts';
import { DEAD, type Terminal } from './terminal.ts';
import { type Trie, TrieDfa } from './trie.ts';

export interface ExceptData {
  /** Every string, its quotes included; any string can go on. */
  strings: Dfa;
  /** The strings that are left out, as they are written, their quotes included. */
  trie: Trie;
}

/** State q × nodes + n has read what leads to q in one and to n in the other; past all nodes, it is on no listed text. */
export class ExceptDfa implements Terminal {
  readonly classOf: Uint8Array;
  readonly start = 0;
  readonly isEmpty = false;
  readonly bytes: number;
  readonly #strings: TableDfa;
  readonly #trie: TrieDfa;
  readonly #nodes: number;

  /** @param strings of the data, as a terminal that others share */
  constructor({ trie }: ExceptData, strings: TableDfa) {
    this.#strings = strings;
    this.#trie = new TrieDfa(trie);
    this.#nodes = trie.accepting.length + 1;
    this.classOf = this.#trie.classOf;
    this.bytes = this.#trie.bytes;
  }

  step(state: number, byte: number): number {
    const node = state % this.#nodes;
    const q = this.#strings.step((state - node) / this.#nodes, byte);
    if (q === DEAD) return DEAD;
    const off = this.#nodes - 1;
    const next = node === off ? DEAD : this.#trie.step(node, byte);
    // A listed string is over at its quote, and is not meant.
    if (next !== DEAD && this.#trie.isAccepting(next)) return DEAD;
    return q * this.#nodes + (next === DEAD ? off : next);
  }

  isAccepting(state: number): boolean {
    return this.#strings.isAccepting(Math.floor(state / this.#nodes));
  }

  nextByte(state: number): number {
    const node = state % this.#nodes;
    const byte = this.#strings.nextByte((state - node) / this.#nodes);
    if (this.step(state, byte) !== DEAD) return byte;
    // The string so far is a listed one: on to one that is not.
    const others = PREFERRED.filter(other => other !== byte && this.step(state, other) !== DEAD);
    return others.find(other => this.#trie.step(node, other) === DEAD) ?? others[0];
  }

  furthest(): number {
    return this.#strings.furthest() + this.#trie.depth + 1;
  }

  canContinue(state: number): boolean {
    return this.#strings.canContinue(Math.floor(state / this.#nodes));
  }

  alike(state: number): { terminal: Terminal; state: number } | undefined {
    const node = state % this.#nodes;
    return node === this.#nodes - 1 ? { terminal: this.#strings, state: (state - node) / this.#nodes } : undefined;
  }
}
