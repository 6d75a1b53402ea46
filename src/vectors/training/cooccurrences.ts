/**
 * How often two words occur near each other, a pair at distance d counting 1/d (Pennington et al. 2014, 4.2). The table is a hash
 * table in typed arrays: 12 bytes a place, at most six tenths of them taken.
 */
import { SENTENCE_END } from './vocabulary.ts';

export interface Cooccurrences {
  /** Pairs in the order in which they were found, first ≤ second; both orders have the same count. */
  first: Int32Array;
  second: Int32Array;
  counts: Float32Array;
}

const FULL = 0.6;

class PairTable {
  readonly #words: number;
  /** The pair plus one, since 0 is an empty place. */
  #keys = new Float64Array(1 << 16);
  #counts = new Float32Array(1 << 16);
  #size = 0;

  constructor(words: number) {
    this.#words = words;
  }

  add(a: number, b: number, amount: number): void {
    if (this.#size > FULL * this.#keys.length) this.#grow();
    const [first, second] = a < b ? [a, b] : [b, a];
    const place = this.#placeOf(first, second);
    if (this.#keys[place] === 0) {
      this.#keys[place] = first * this.#words + second + 1;
      this.#size++;
    }
    this.#counts[place] += amount;
  }

  #placeOf(first: number, second: number): number {
    const key = first * this.#words + second + 1;
    const mask = this.#keys.length - 1;
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    let place = (hash ^ (hash >>> 13)) & mask;
    while (this.#keys[place] !== 0 && this.#keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const [keys, counts] = [this.#keys, this.#counts];
    this.#keys = new Float64Array(2 * keys.length);
    this.#counts = new Float32Array(2 * keys.length);
    for (const [i, key] of keys.entries()) {
      if (key === 0) continue;
      const place = this.#placeOf(Math.floor((key - 1) / this.#words), (key - 1) % this.#words);
      this.#keys[place] = key;
      this.#counts[place] = counts[i];
    }
  }

  result(): Cooccurrences {
    const result = {
      first: new Int32Array(this.#size),
      second: new Int32Array(this.#size),
      counts: new Float32Array(this.#size),
    };
    let at = 0;
    for (const [i, key] of this.#keys.entries()) {
      if (key === 0) continue;
      result.first[at] = Math.floor((key - 1) / this.#words);
      result.second[at] = (key - 1) % this.#words;
      result.counts[at++] = this.#counts[i];
    }
    return result;
  }
}

/** @param onToken called now and then with the number of words that were counted */
export function countCooccurrences(
  tokens: Int32Array,
  words: number,
  window: number,
  onToken: (done: number) => void = () => {},
): Cooccurrences {
  const table = new PairTable(words);
  let begin = 0;
  for (let i = 0; i < tokens.length; i++) {
    if (i % 10_000 === 0) onToken(i);
    if (tokens[i] === SENTENCE_END) begin = i + 1;
    // A word beside itself has one count, where two different words have one in either order.
    for (let j = Math.max(begin, i - window); j < i; j++) {
      table.add(tokens[i], tokens[j], (tokens[i] === tokens[j] ? 2 : 1) / (i - j));
    }
  }
  return table.result();
}
