/** The loop of byte pair encoding (Sennrich et al. 2016): the most frequent pair of neighbours becomes a token. */
import { PairTable } from '../models/pair-table.ts';
import { PairCounts } from './pair-counts.ts';

/** Tokens by id, and ids by token. */
export class TokenList {
  readonly tokens: string[] = [];
  readonly ids = new Map<string, number>();

  /** The id of a token, which is new if need be. */
  add(token: string): number {
    let id = this.ids.get(token);
    if (id === undefined) {
      id = this.tokens.push(token) - 1;
      this.ids.set(token, id);
    }
    return id;
  }
}

/** Words as ids of their symbols; those of word `w` are `[starts[w], starts[w + 1])`. */
export interface SymbolWords {
  symbols: Int32Array;
  starts: Uint32Array;
  counts: Float64Array;
}

export interface MergeOptions {
  /** Tokens in all. */
  vocabSize: number;
  /** Pairs that are rarer are not merged. */
  minFrequency: number;
  /** What symbols begin with that do not begin a word; it is dropped inside tokens. */
  continuingSubwordPrefix?: string;
  /** Tokens of more than two symbols have fewer than this. */
  maxTokenLength?: number;
  /** Called now and then with the number of tokens so far. */
  onProgress?: (tokens: number) => void;
}

/** Merges pairs and adds their tokens to the list; `words.symbols` is overwritten. Ties go to the lower ids. */
export function learnMerges(list: TokenList, words: SymbolWords, options: MergeOptions): [string, string][] {
  const { vocabSize, minFrequency, continuingSubwordPrefix: prefix, maxTokenLength, onProgress } = options;
  const { tokens, ids } = list;
  const lengths = new Int32Array(Math.max(vocabSize, tokens.length) + 1).fill(1);
  const limit = maxTokenLength === undefined ? undefined : { maxLength: maxTokenLength, lengths };
  const pairs = new PairCounts(words.symbols, words.starts, words.counts, limit);
  const merges: [left: number, right: number][] = [];
  while (ids.size < vocabSize) {
    const top = pairs.takeMostFrequent();
    if (!top || top.count < Math.max(1, minFrequency)) break;
    const right = tokens[top.right];
    const id = list.add(tokens[top.left] + (prefix && right.startsWith(prefix) ? right.slice(prefix.length) : right));
    lengths[id] = lengths[top.left] + lengths[top.right];
    merges.push([top.left, top.right]);
    pairs.merge(top, id);
    if (merges.length % 256 === 0) onProgress?.(ids.size);
  }
  return lastOfEach(merges).map(([left, right]) => [tokens[left], tokens[right]]);
}

/** A pair can come up twice, when two pairs spell the same token; its last rank counts. */
function lastOfEach(merges: [number, number][]): [number, number][] {
  const last = new PairTable(merges.length);
  for (const [rank, [left, right]] of merges.entries()) last.set(left, right, rank);
  return merges.filter(([left, right], rank) => last.get(left, right) === rank);
}
