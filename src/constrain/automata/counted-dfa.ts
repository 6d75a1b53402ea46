/**
 * Strings of JSON whose characters are counted beside an automaton: a state is one of the automaton and a number. Written
 * out as one automaton, a length of thousands would be as many copies of it.
 */
import { usageError } from '../../support/errors.ts';
import type { Dfa } from './dfa.ts';
import { PREFERRED } from './nearest.ts';
import { DEAD, type Terminal } from './terminal.ts';

export interface CountedData {
  /** What may stand between the quotes, as it is written there. */
  dfa: Dfa;
  /** Characters that must be read at least, and may be at most; `max` may be infinite. */
  min: number;
  max: number;
  /**
   * Row a, state q: the fewest characters, a or more, that lead from q to a match, or `NEVER`. After the last row each
   * further a asks for one character more.
   */
  reachable: Int32Array;
}

const NEVER = 2 ** 30;
/** Most entries of `reachable`. */
const MOST_ENTRIES = 2_000_000;
/** Bytes of a character that is escaped by its number. */
const LONGEST_CHARACTER = 6;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** @throws UserError when the shortest lengths are too many to be worked out */
export function countedData(dfa: Dfa, min: number, max: number): CountedData {
  const states = dfa.accepting.length;
  const inside = insideCharacter(dfa);
  const rows: Int32Array[] = [];
  for (let a = 0; a <= min; a++) {
    const row = rowOf(dfa, inside, rows[a - 1]);
    const before = rows.at(-1);
    if (before?.every((least, q) => (least === NEVER ? row[q] === NEVER : row[q] === least + 1))) break;
    rows.push(row);
    if (rows.length * states > MOST_ENTRIES) {
      throw usageError(
        'TSLM_CONSTRAINT_TOO_LARGE',
        `a pattern of ${states} states beside a length of at least ${min} is too large`,
        "lower 'minLength', or say it in the pattern alone",
      );
    }
  }
  const reachable = new Int32Array(rows.length * states);
  for (const [a, row] of rows.entries()) reachable.set(row, a * states);
  return { dfa, min, max, reachable };
}

/** 1 for each state in the middle of a character: of its bytes, or of its escape. */
function insideCharacter({ next, classes, classOf, accepting }: Dfa): Uint8Array {
  const inside = new Uint8Array(accepting.length);
  const seen = new Uint8Array(accepting.length);
  // How many bytes are missing to the end of the character; a backslash does not know yet.
  const work: [state: number, missing: number][] = [[0, 0]];
  const ESCAPED = -1;
  for (let item = work.pop(); item; item = work.pop()) {
    const [state, missing] = item;
    if (seen[state]) continue;
    seen[state] = 1;
    inside[state] = missing === 0 ? 0 : 1;
    for (let byte = 0; byte < 256; byte++) {
      const target = next[state * classes + classOf[byte]];
      if (target < 0 || seen[target]) continue;
      const left =
        missing === ESCAPED
          ? byte === 0x75
            ? 4
            : 0
          : missing > 0
            ? missing - 1
            : byte === BACKSLASH
              ? ESCAPED
              : byte < 0xc0
                ? 0
                : byte < 0xe0
                  ? 1
                  : byte < 0xf0
                    ? 2
                    : 3;
      work.push([target, left]);
    }
  }
  return inside;
}

/** Without a row before: the fewest characters at all. */
function rowOf(dfa: Dfa, inside: Uint8Array, before: Int32Array | undefined): Int32Array {
  const { next, classes, accepting } = dfa;
  const row = new Int32Array(accepting.length).fill(NEVER);
  if (!before) for (const [q, accepts] of accepting.entries()) if (accepts) row[q] = 0;
  // One character more than the row before: states between characters first, then those inside one, until nothing changes.
  for (let changed = true; changed; ) {
    changed = false;
    for (let q = accepting.length - 1; q >= 0; q--) {
      let least = row[q];
      for (let c = 0; c < classes; c++) {
        const target = next[q * classes + c];
        if (target < 0) continue;
        const rest = inside[q] ? row[target] : 1 + (before ?? row)[target];
        if (rest < least) least = rest;
      }
      if (least < row[q]) {
        row[q] = least;
        changed = true;
      }
    }
  }
  return row;
}

/** State 0 is before the first quote, 1 after the last; state 2 + q + states × n has read n characters. */
export class CountedDfa implements Terminal {
  readonly classOf: Uint8Array;
  readonly start = 0;
  readonly isEmpty: boolean;
  readonly bytes: number;
  readonly #data: CountedData;
  readonly #inside: Uint8Array;
  readonly #states: number;
  readonly #rows: number;
  /** No match is further away than this. */
  readonly #furthest: number;
  readonly #free: CountedDfa | undefined;

  /** @param free the same automaton without limits */
  constructor(data: CountedData, free?: CountedDfa) {
    const { dfa, reachable } = data;
    this.#data = data;
    this.#states = dfa.accepting.length;
    this.#rows = reachable.length / this.#states;
    this.#inside = insideCharacter(dfa);
    this.#furthest = reachable.reduce(
      (most, least, i) => (i < this.#states && least < NEVER ? Math.max(most, least) : most),
      0,
    );
    this.#free = free;
    this.classOf = dfa.classOf.slice();
    this.classOf[QUOTE] = dfa.classes;
    this.isEmpty = !this.#isAlive(0, 0);
    this.bytes = dfa.next.byteLength + reachable.byteLength + 2 * this.#states + 512;
  }

  /** The fewest characters to a match that is long enough, after n of them. */
  #missing(q: number, n: number): number {
    const { min, reachable } = this.#data;
    const needed = Math.max(0, min - n);
    const row = Math.min(needed, this.#rows - 1);
    return reachable[row * this.#states + q] + (needed - row);
  }

  nextByte(state: number): number {
    if (state === 0) return QUOTE;
    const { q, n } = this.#at(state);
    const missing = this.#missing(q, n);
    if (this.step(state, QUOTE) === 1) return QUOTE;
    // A character counts from its first byte on.
    const wanted = this.#inside[q] ? missing : missing - 1;
    return PREFERRED.find(byte => {
      const target = this.step(state, byte);
      if (target < 2) return false;
      const next = this.#at(target);
      return this.#missing(next.q, next.n) <= wanted;
    })!;
  }

  furthest(state: number): number {
    const { min } = this.#data;
    const n = state < 2 ? 0 : this.#at(state).n;
    return (Math.max(0, min - n) + this.#furthest + 1) * LONGEST_CHARACTER + 2;
  }

  #at(state: number): { q: number; n: number } {
    const q = (state - 2) % this.#states;
    return { q, n: (state - 2 - q) / this.#states };
  }

  /** Whether a match can be reached within the limits after n characters. */
  #isAlive(q: number, n: number): boolean {
    const { min, max, reachable } = this.#data;
    const needed = Math.max(0, min - n);
    const row = Math.min(needed, this.#rows - 1);
    const least = reachable[row * this.#states + q];
    return least < NEVER && n + least + (needed - row) <= max;
  }

  step(state: number, byte: number): number {
    const { dfa, min, max } = this.#data;
    if (state === 0) return byte === QUOTE && !this.isEmpty ? 2 : DEAD;
    if (state === 1) return DEAD;
    const q = (state - 2) % this.#states;
    const n = (state - 2 - q) / this.#states;
    if (byte === QUOTE && !this.#inside[q]) return dfa.accepting[q] === 1 && n >= min && n <= max ? 1 : DEAD;
    const target = dfa.next[q * dfa.classes + dfa.classOf[byte]];
    if (target < 0) return DEAD;
    // Without an upper limit there is nothing to count beyond the lower one.
    const count = this.#inside[q] ? n : max === Number.POSITIVE_INFINITY ? Math.min(n + 1, min) : n + 1;
    return this.#isAlive(target, count) ? 2 + target + this.#states * count : DEAD;
  }

  isAccepting(state: number): boolean {
    return state === 1;
  }

  canContinue(state: number): boolean {
    return state !== 1;
  }

  alike(state: number, reach: number): { terminal: Terminal; state: number } | undefined {
    const { min, max } = this.#data;
    if (!this.#free || state < 2) return undefined;
    const q = (state - 2) % this.#states;
    const n = (state - 2 - q) / this.#states;
    if (n < min || n + reach + this.#furthest > max) return undefined;
    return { terminal: this.#free, state: 2 + q };
  }
}
