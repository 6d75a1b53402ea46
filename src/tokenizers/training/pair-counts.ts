/**
 * How often each pair of neighbouring symbols occurs in the words, kept up to date while pairs are merged, and which
 * words to look at for each. All of it lives in typed arrays: merging makes no garbage.
 */
import { grow } from '../byte-bpe/unit-table.ts';
import { PairTable } from '../models/pair-table.ts';
import { MergeQueue } from './merge-queue.ts';

const NIL = -1;

/** A pair whose turn it is. */
export interface FrequentPair {
  left: number;
  right: number;
  count: number;
  /** First of the list of words to look at. */
  words: number;
}

/** Pairs that are formed by merging are left alone when their token would have `maxLength` characters or more. */
export interface TokenLimit {
  maxLength: number;
  /** Characters of each token, those to come included. */
  lengths: Int32Array;
}

export class PairCounts {
  /** The symbols of word `w` are `[starts[w], starts[w] + lengths[w])`. */
  readonly #symbols: Int32Array;
  readonly #starts: Uint32Array;
  readonly #lengths: Int32Array;
  readonly #wordCounts: Float64Array;

  /** Number of each pair; pairs are numbered as they come up. */
  readonly #pairs = new PairTable(1 << 12);
  #left = new Int32Array(1 << 12);
  #right = new Int32Array(1 << 12);
  #counts = new Float64Array(1 << 12);
  /** For each pair, the words where this step made it more frequent, as a list of nodes. */
  #fresh = new Int32Array(1 << 12);

  /** Nodes of all lists: a word, and the next node. */
  #nodeWords: Int32Array;
  #nodeNext: Int32Array;
  #nodes = 0;
  #freeNode = NIL;

  /** Pairs whose `fresh` list is not empty. */
  #touched = new Int32Array(1 << 10);
  #touchedCount = 0;
  readonly #queue = new MergeQueue();
  readonly #limit: TokenLimit | undefined;

  constructor(symbols: Int32Array, starts: Uint32Array, wordCounts: Float64Array, limit?: TokenLimit) {
    this.#limit = limit;
    this.#symbols = symbols;
    this.#starts = starts;
    this.#wordCounts = wordCounts;
    this.#lengths = Int32Array.from(wordCounts, (_, word) => starts[word + 1] - starts[word]);
    this.#nodeWords = new Int32Array(symbols.length + 1);
    this.#nodeNext = new Int32Array(symbols.length + 1);
    for (let word = 0; word < wordCounts.length; word++) {
      for (let i = starts[word]; i + 1 < starts[word + 1]; i++) this.#more(symbols[i], symbols[i + 1], word);
    }
    this.#enqueueTouched();
  }

  /** Takes the most frequent pair off the queue, of equally frequent ones that with the lowest ids. */
  takeMostFrequent(): FrequentPair | undefined {
    const queue = this.#queue;
    while (queue.size > 0) {
      const { count, pair, words } = queue.pop();
      const left = this.#left[pair];
      const right = this.#right[pair];
      if (count === this.#counts[pair]) return { left, right, count, words };
      // Merges have made it rarer since it was put there.
      queue.push(this.#counts[pair], left, right, pair, words);
    }
    return undefined;
  }

  /** Replaces the pair by `id` in its words. */
  merge({ left, right, words }: FrequentPair, id: number): void {
    let node = words;
    while (node !== NIL) {
      this.#mergeInWord(this.#nodeWords[node], left, right, id);
      const next = this.#nodeNext[node];
      this.#nodeNext[node] = this.#freeNode;
      this.#freeNode = node;
      node = next;
    }
    this.#enqueueTouched();
  }

  #mergeInWord(word: number, left: number, right: number, id: number): void {
    const symbols = this.#symbols;
    const start = this.#starts[word];
    const end = start + this.#lengths[word];
    let kept = start;
    for (let i = start; i < end; i++) {
      if (symbols[i] !== left || i + 1 >= end || symbols[i + 1] !== right) {
        symbols[kept++] = symbols[i];
        continue;
      }
      if (kept > start) {
        this.#less(symbols[kept - 1], left, word);
        if (this.#mayJoin(symbols[kept - 1], id)) this.#more(symbols[kept - 1], id, word);
      }
      if (i + 2 < end) {
        this.#less(right, symbols[i + 2], word);
        if (this.#mayJoin(id, symbols[i + 2])) this.#more(id, symbols[i + 2], word);
      }
      symbols[kept++] = id;
      i++;
    }
    this.#lengths[word] = kept - start;
  }

  /** Whether the token of a pair would stay below the limit; as in Hugging Face's trainer, one of that length does not. */
  #mayJoin(left: number, right: number): boolean {
    const limit = this.#limit;
    return !limit || limit.lengths[left] + limit.lengths[right] < limit.maxLength;
  }

  #less(left: number, right: number, word: number): void {
    this.#counts[this.#pair(left, right)] -= this.#wordCounts[word];
  }

  #more(left: number, right: number, word: number): void {
    const pair = this.#pair(left, right);
    this.#counts[pair] += this.#wordCounts[word];
    const head = this.#fresh[pair];
    if (head !== NIL && this.#nodeWords[head] === word) return;
    if (head === NIL) {
      if (this.#touchedCount === this.#touched.length) {
        this.#touched = grow(this.#touched, Int32Array, this.#touchedCount + 1);
      }
      this.#touched[this.#touchedCount++] = pair;
    }
    this.#fresh[pair] = this.#node(word, head);
  }

  #pair(left: number, right: number): number {
    const known = this.#pairs.get(left, right);
    if (known >= 0) return known;
    const pair = this.#pairs.size;
    this.#pairs.set(left, right, pair);
    if (pair >= this.#left.length) {
      this.#left = grow(this.#left, Int32Array, pair + 1);
      this.#right = grow(this.#right, Int32Array, pair + 1);
      this.#counts = grow(this.#counts, Float64Array, pair + 1);
      this.#fresh = grow(this.#fresh, Int32Array, pair + 1);
    }
    this.#left[pair] = left;
    this.#right[pair] = right;
    this.#fresh[pair] = NIL;
    return pair;
  }

  #node(word: number, next: number): number {
    let node = this.#freeNode;
    if (node !== NIL) {
      this.#freeNode = this.#nodeNext[node];
    } else {
      node = this.#nodes++;
      if (node === this.#nodeWords.length) {
        this.#nodeWords = grow(this.#nodeWords, Int32Array, node + 1);
        this.#nodeNext = grow(this.#nodeNext, Int32Array, node + 1);
      }
    }
    this.#nodeWords[node] = word;
    this.#nodeNext[node] = next;
    return node;
  }

  #enqueueTouched(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const pair = this.#touched[i];
      const count = this.#counts[pair];
      if (count > 0) this.#queue.push(count, this.#left[pair], this.#right[pair], pair, this.#fresh[pair]);
      this.#fresh[pair] = NIL;
    }
    this.#touchedCount = 0;
  }
}
