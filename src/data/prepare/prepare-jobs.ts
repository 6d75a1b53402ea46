/** The worker threads of `prepare` and what they are asked for. */
import { unknownIn } from '../../tokenizers/encode/unknown.ts';
import { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { type CorpusIndex, tokenArray } from '../corpus/corpus-index.ts';
import type { Tokens } from '../corpus/corpus-split.ts';
import type { DocumentSentences } from '../corpus/shards.ts';
import type { Chunk } from '../readers/chunk.ts';
import { jaccard, shingleSet } from './dedup/shingles.ts';
import type { DocumentFrame } from './document-frame.ts';
import { type ExamineOptions, type ExamineResult, Examiner } from './examine.ts';
import { type PlacedTokens, sentenceTokens } from './sentence-tokens.ts';
import { SpoolReader } from './spool.ts';
import { Units } from './units.ts';

/** What the worker threads of `prepare` are asked for. */
export type PrepareRequest =
  | { kind: 'examine'; chunks: Chunk[]; repetition: boolean[] }
  /** Pairs of document numbers, flat. */
  | { kind: 'compare'; pairs: Uint32Array }
  /** `sentences`: the language whose sentences are to be found. */
  | { kind: 'encode'; ranges: Float64Array; dtype: CorpusIndex['dtype']; frame: DocumentFrame; sentences?: string };

/** Of the same kind as the request. */
export type PrepareAnswer =
  | { kind: 'examine'; results: ExamineResult[] }
  | { kind: 'compare'; similarities: Float32Array }
  /** `unknown`: unknown tokens of each document and the bytes that they stand for, flat. */
  | { kind: 'encode'; tokens: Tokens; lengths: Uint32Array; unknown: Uint32Array; sentences?: DocumentSentences[] };

export interface PrepareWorkerOptions {
  examine: ExamineOptions;
  spoolFolder: string;
  /** Where the tokenizer will be by the time the first text is to be encoded. */
  tokenizerFolder: string;
}

/** The work of one thread. The spool and the tokenizer are opened when they are first needed. */
export class PrepareJobs {
  private readonly options: PrepareWorkerOptions;
  private readonly examiner: Examiner;
  private readonly units = new Units();
  private opened: SpoolReader | undefined;
  private tokenizer: Tokenizer | undefined;
  /** The earlier documents of the last pairs, which tend to come again. */
  private readonly sets = new Map<number, Uint32Array>();

  constructor(options: PrepareWorkerOptions) {
    this.options = options;
    this.examiner = new Examiner(options.examine);
  }

  answer(request: PrepareRequest): { result: PrepareAnswer; transfer: ArrayBuffer[] } {
    if (request.kind === 'examine') {
      const results = request.chunks.map((chunk, i) => this.examiner.examine(chunk, request.repetition[i]));
      const transfer = results.flatMap(({ text, documents, keys }) => [text.buffer, documents.buffer, keys.buffer]);
      return { result: { kind: 'examine', results }, transfer: transfer as ArrayBuffer[] };
    }
    if (request.kind === 'compare') {
      const similarities = this.compare(request.pairs);
      return { result: { kind: 'compare', similarities }, transfer: [similarities.buffer as ArrayBuffer] };
    }
    const encoded = this.encode(request);
    const transfer = [encoded.tokens.buffer, encoded.lengths.buffer, encoded.unknown.buffer] as ArrayBuffer[];
    return { result: { kind: 'encode', ...encoded }, transfer };
  }

  close(): void {
    this.opened?.close();
  }

  private get spool(): SpoolReader {
    this.opened ??= new SpoolReader(this.options.spoolFolder);
    return this.opened;
  }

  /** Jaccard similarities of pairs of documents. */
  private compare(pairs: Uint32Array): Float32Array {
    const similarities = new Float32Array(pairs.length / 2);
    for (let i = 0; i < similarities.length; i++) {
      const earlier = this.sets.get(pairs[2 * i]) ?? this.shinglesOf(pairs[2 * i]);
      if (this.sets.size > 64) this.sets.clear();
      this.sets.set(pairs[2 * i], earlier);
      similarities[i] = jaccard(earlier, this.shinglesOf(pairs[2 * i + 1]));
    }
    return similarities;
  }

  private shinglesOf(document: number): Uint32Array {
    const { offset, bytes } = this.spool.record(document);
    return shingleSet(this.spool.read(offset, bytes).toString('utf8'), this.units);
  }

  /** Tokens of the texts at `ranges` (offset, length, …), each in its frame, how many each has, and where its sentences begin. */
  private encode(request: Extract<PrepareRequest, { kind: 'encode' }>) {
    const { ranges, dtype, frame, sentences: language } = request;
    const { before, after } = frame;
    this.tokenizer ??= Tokenizer.fromFile(this.options.tokenizerFolder);
    const start = ranges[0];
    const block = this.spool.read(start, ranges[ranges.length - 2] + ranges[ranges.length - 1] - start);
    const lengths = new Uint32Array(ranges.length / 2);
    const unknown = new Uint32Array(ranges.length);
    const parts: Uint32Array[] = [];
    const sentences: DocumentSentences[] = [];
    let total = 0;
    for (let i = 0; i < lengths.length; i++) {
      const from = ranges[2 * i] - start;
      const text = block.toString('utf8', from, from + ranges[2 * i + 1]);
      const ids = this.tokenizer.encodeIds(text);
      const hidden = unknownIn(this.tokenizer, text, ids);
      unknown.set([hidden.tokens, hidden.bytes], 2 * i);
      lengths[i] = before.length + ids.length + after.length;
      parts.push(ids);
      if (language !== undefined) {
        const first = sentenceTokens(text, this.placedTokens(text, ids), language);
        const starts = Uint32Array.from(first, token => before.length + token);
        sentences.push({ starts, end: before.length + ids.length });
      }
      total += lengths[i];
    }
    const tokens = tokenArray(dtype, total);
    let offset = 0;
    for (const ids of parts) {
      for (const part of [before, ids, after]) {
        tokens.set(part, offset);
        offset += part.length;
      }
    }
    return { tokens, lengths, unknown, ...(language !== undefined && { sentences }) };
  }

  private placedTokens(text: string, ids: Uint32Array): PlacedTokens {
    const encoding = (this.tokenizer as Tokenizer).encode(text, { addSpecialTokens: false });
    if (encoding.length !== ids.length) throw new Error(`${ids.length} tokens, and the places of ${encoding.length}`);
    return encoding;
  }
}
