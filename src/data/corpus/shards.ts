/** Writing the shards of a split: tokens, and where documents and sentences begin. */
import { join } from 'node:path';
import { BufferedFile } from '../prepare/buffered-file.ts';
import { offsetsFileOf, type ShardIndex, type SplitIndex, type SplitName, sentencesFileOf } from './corpus-index.ts';
import { BorderWriter } from './sentence-bits.ts';

interface OpenShard {
  file: string;
  tokens: BufferedFile;
  offsets: BufferedFile;
  sentences?: BorderWriter;
  index: { tokens: number; documents: number };
}

/** Which tokens of a document its sentences begin with, rising, and which token is the first after its text. */
export interface DocumentSentences {
  starts: Uint32Array;
  end: number;
}

/**
 * Writes the shards of one split: `<split>-00000.bin` holds little-endian tokens, document after document, and
 * `<split>-00000.idx` the little-endian uint64 offset, in tokens, at which each document of the shard starts. A document
 * never spans two shards, so a shard is as long as `shardTokens`, or as its only document. Where sentences are recorded,
 * `<split>-00000.sent` says where they begin: see `sentence-bits.ts`.
 */
export class ShardWriter {
  private readonly folder: string;
  private readonly split: SplitName;
  private readonly shardTokens: number;
  private readonly recordsSentences: boolean;
  private shard: OpenShard | undefined;
  private readonly result: SplitIndex = {
    tokens: 0,
    documents: 0,
    bytes: 0,
    characters: 0,
    unknown: { tokens: 0, bytes: 0 },
    shards: [],
  };
  private readonly offset = new Uint8Array(8);
  private readonly offsetView = new DataView(this.offset.buffer);

  /** @param options.sentences every document comes with its sentences, to be recorded. Default false */
  constructor(
    folder: string,
    split: SplitName,
    { shardTokens, sentences = false }: { shardTokens: number; sentences?: boolean },
  ) {
    this.folder = folder;
    this.split = split;
    this.shardTokens = shardTokens;
    this.recordsSentences = sentences;
    if (sentences) this.result.sentences = 0;
  }

  /** Appends one document: its tokens, special ones included, the size of its text, and its sentences. */
  add(
    tokens: Uint16Array | Uint32Array,
    text: Pick<SplitIndex, 'bytes' | 'characters'> & Partial<Pick<SplitIndex, 'unknown'>>,
    sentences?: DocumentSentences,
  ): void {
    if ((sentences !== undefined) !== this.recordsSentences) throw new Error('sentences of some documents only');
    if (this.shard && this.shard.index.tokens + tokens.length > this.shardTokens) this.closeShard();
    this.shard ??= this.openShard();
    const { index } = this.shard;
    this.offsetView.setBigUint64(0, BigInt(index.tokens), true);
    this.shard.offsets.write(this.offset);
    this.shard.tokens.write(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength));
    if (sentences) {
      this.shard.sentences?.add(sentences, tokens.length);
      this.result.sentences! += sentences.starts.length;
    }
    index.tokens += tokens.length;
    index.documents++;
    this.result.bytes += text.bytes;
    this.result.characters += text.characters;
    this.result.unknown.tokens += text.unknown?.tokens ?? 0;
    this.result.unknown.bytes += text.unknown?.bytes ?? 0;
  }

  private openShard(): OpenShard {
    const file = `${this.split}-${String(this.result.shards.length).padStart(5, '0')}.bin`;
    return {
      file,
      tokens: new BufferedFile(join(this.folder, file)),
      offsets: new BufferedFile(join(this.folder, offsetsFileOf(file))),
      ...(this.recordsSentences && { sentences: new BorderWriter(join(this.folder, sentencesFileOf(file))) }),
      index: { tokens: 0, documents: 0 },
    };
  }

  private closeShard(): void {
    if (!this.shard) return;
    const { file, tokens, offsets, sentences, index } = this.shard;
    this.shard = undefined;
    offsets.finish();
    const entry: ShardIndex = { file, ...index, sha256: tokens.finish() };
    if (sentences) entry.sentences_sha256 = sentences.finish();
    this.result.shards.push(entry);
    this.result.tokens += index.tokens;
    this.result.documents += index.documents;
  }

  /** Writes what is left and gives the index of the split. */
  finish(): SplitIndex {
    this.closeShard();
    return this.result;
  }

  /** Lets go of the files after a failure. */
  abandon(): void {
    this.shard?.tokens.close();
    this.shard?.offsets.close();
    this.shard?.sentences?.close();
    this.shard = undefined;
  }
}
