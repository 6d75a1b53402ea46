/** One split of a corpus: its tokens and documents, over memory-mapped shards. */
import { createHash } from 'node:crypto';
import { UserError } from '../../support/errors.ts';
import { type CorpusIndex, offsetsFileOf, type SplitIndex, sentencesFileOf, tokenArray } from './corpus-index.ts';
import { bordersIn } from './sentence-bits.ts';

/** Ids of 16 bits where the vocabulary allows, else of 32. */
export type Tokens = Uint16Array | Uint32Array;

/** The two files of a shard, mapped. */
export interface MappedShard {
  /** The token file. */
  path: string;
  tokens: Uint8Array;
  offsets: Uint8Array;
  /** Where sentences are recorded. */
  sentences?: Uint8Array;
}

interface Shard {
  path: string;
  tokens: Tokens;
  /** Where each document starts in `tokens`. */
  offsets: DataView;
  sentences?: Uint8Array;
  documents: number;
  firstToken: number;
  firstDocument: number;
}

/** One split of a corpus, seen as a single sequence of tokens over all its shards. */
export class CorpusSplit {
  readonly tokens: number;
  readonly documents: number;
  /** UTF-8 bytes of the text that was tokenised. */
  readonly bytes: number;
  /** Unicode code points of the same text. */
  readonly characters: number;
  /** What of the text the tokenizer did not know. */
  readonly unknown: SplitIndex['unknown'];
  /** How many sentences are recorded; undefined where none are. */
  readonly sentences: number | undefined;
  /** SHA-256 over those of the shards. */
  readonly fingerprint: string;
  /** The same, with those of the recorded sentences. */
  readonly sentencesFingerprint: string;
  private readonly dtype: CorpusIndex['dtype'];
  private readonly vocabSize: number;
  private readonly hasEnd: boolean;
  private readonly shards: Shard[] = [];

  constructor(
    mapped: readonly MappedShard[],
    index: SplitIndex,
    { dtype, vocab_size: vocabSize, eos_token_id: end }: Pick<CorpusIndex, 'dtype' | 'vocab_size' | 'eos_token_id'>,
  ) {
    this.dtype = dtype;
    this.vocabSize = vocabSize;
    this.hasEnd = end !== null;
    this.bytes = index.bytes;
    this.characters = index.characters;
    this.unknown = index.unknown;
    this.sentences = index.sentences;
    const hashes = index.shards.map(({ sha256 }) => sha256);
    this.fingerprint = sha256Of(hashes);
    const sentences = index.shards.flatMap(shard => shard.sentences_sha256 ?? []);
    this.sentencesFingerprint = sha256Of([...hashes, ...sentences]);
    let firstToken = 0;
    let firstDocument = 0;
    for (const { path, tokens: bytes, offsets, sentences } of mapped) {
      const tokens =
        dtype === 'uint16'
          ? new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
          : new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const documents = offsets.byteLength / 8;
      const view = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
      this.shards.push({ path, tokens, offsets: view, sentences, documents, firstToken, firstDocument });
      firstToken += tokens.length;
      firstDocument += documents;
    }
    this.tokens = firstToken;
    this.documents = firstDocument;
  }

  /**
   * Tokens `offset` to `offset + length`, fewer at the end. A view of the mapping where they lie in one shard, a copy
   * where they span several. Views are read-only by contract.
   *
   * @throws UserError for a token outside the vocabulary, which only a damaged file has
   */
  read(offset: number, length: number): Tokens {
    const end = Math.min(offset + length, this.tokens);
    if (!(offset >= 0 && offset < end)) return tokenArray(this.dtype, 0);
    let s = this.shardAt('firstToken', offset);
    const start = offset - this.shards[s].firstToken;
    if (end - this.shards[s].firstToken <= this.shards[s].tokens.length) {
      return this.checked(this.shards[s].tokens.subarray(start, end - this.shards[s].firstToken), this.shards[s]);
    }
    const result = tokenArray(this.dtype, end - offset);
    for (let done = 0; done < result.length; s++) {
      const { tokens, firstToken } = this.shards[s];
      const from = offset + done - firstToken;
      const part = this.checked(tokens.subarray(from, Math.min(tokens.length, end - firstToken)), this.shards[s]);
      result.set(part, done);
      done += part.length;
    }
    return result;
  }

  /** The tokens of one document, its EOS included. */
  document(index: number): Tokens {
    const { start, end } = this.documentRange(index);
    return this.read(start, end - start);
  }

  /**
   * The tokens of each sentence of a document, as it was encoded and without what stands around it: together they are its
   * text. Undefined where sentences are not recorded.
   */
  documentSentences(index: number): Tokens[] | undefined {
    if (this.sentences === undefined) return undefined;
    const { start, end } = this.documentRange(index);
    const shard = this.shards[this.shardAt('firstDocument', index)];
    const starts = bordersIn(shard.sentences!, start - shard.firstToken, end - shard.firstToken);
    const last = this.hasEnd ? starts.pop() : end - start;
    if (last === undefined) throw damaged(sentencesFileOf(shard.path), `document ${index} has no sentences`);
    const tokens = this.read(start, end - start);
    return starts.map((from, i) => tokens.subarray(from, starts[i + 1] ?? last));
  }

  /** Where a document lies in the split: tokens `start` (inclusive) to `end` (exclusive). */
  documentRange(index: number): { start: number; end: number } {
    if (!(index >= 0 && index < this.documents)) {
      throw new RangeError(`document ${index} of ${this.documents}`);
    }
    const shard = this.shards[this.shardAt('firstDocument', index)];
    const local = index - shard.firstDocument;
    const end = local + 1 < shard.documents ? this.startIn(shard, local + 1) : shard.tokens.length;
    if (!(this.startIn(shard, local) <= end && end <= shard.tokens.length)) {
      throw damaged(offsetsFileOf(shard.path), `document ${local} would end at token ${end} of ${shard.tokens.length}`);
    }
    return { start: shard.firstToken + this.startIn(shard, local), end: shard.firstToken + end };
  }

  /** The document in which the token at `offset` lies. */
  documentAt(offset: number): number {
    if (!(offset >= 0 && offset < this.tokens)) throw new RangeError(`token ${offset} of ${this.tokens}`);
    const shard = this.shards[this.shardAt('firstToken', offset)];
    let low = 0;
    let high = shard.documents - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.startIn(shard, middle) <= offset - shard.firstToken) low = middle;
      else high = middle - 1;
    }
    return shard.firstDocument + low;
  }

  /** Where documents begin in tokens `offset` to `offset + length`, counted from `offset`, rising. */
  documentStarts(offset: number, length: number): number[] {
    const end = Math.min(offset + length, this.tokens);
    const starts: number[] = [];
    if (offset >= end) return starts;
    for (let document = this.documentAt(offset); document < this.documents; document++) {
      const { start } = this.documentRange(document);
      if (start >= end) break;
      if (start >= offset) starts.push(start - offset);
    }
    return starts;
  }

  private checked<T extends Tokens>(tokens: T, { path }: Shard): T {
    const vocabSize = this.vocabSize;
    for (let i = 0; i < tokens.length; i++) {
      if (tokens[i] >= vocabSize) throw damaged(path, `token ${tokens[i]} is not in the vocabulary of ${vocabSize}`);
    }
    return tokens;
  }

  private startIn(shard: Shard, document: number): number {
    return Number(shard.offsets.getBigUint64(document * 8, true));
  }

  /** The last shard that starts at or before `position`. */
  private shardAt(first: 'firstToken' | 'firstDocument', position: number): number {
    let s = this.shards.length - 1;
    while (this.shards[s][first] > position) s--;
    return s;
  }
}

const sha256Of = (lines: readonly string[]): string => createHash('sha256').update(lines.join('\n')).digest('hex');

const damaged = (path: string, what: string): UserError =>
  new UserError('TSLM_DAMAGED_CORPUS', `${path}: ${what}`, {
    hint: 'the file was changed after it was made: copy the corpus again, or prepare it again',
  });
