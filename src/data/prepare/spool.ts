/** The file of documents between the two halves of `prepare`. */
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { BufferedFile } from './buffered-file.ts';

/**
 * The documents that were read, cleaned and found to be new, on disk between the two halves of `prepare`: their text,
 * one record of fixed size each, and their band keys. So memory does not grow with the text.
 */

/** A record, in 32-bit words. */
const WORDS = 8;
const RECORD_BYTES = WORDS * 4;

export interface SpoolRecord {
  /** Where the text lies, in bytes. */
  offset: number;
  /** UTF-8 length of the text. */
  bytes: number;
  /** Its Unicode code points. */
  characters: number;
  /** The first 64 bits of its SHA-256. */
  hashHigh: number;
  hashLow: number;
  /** Which input file it came from. */
  source: number;
  /** Its number among the documents of that file, from 0. */
  number: number;
}

const FILES = { text: 'text', records: 'records', keys: 'keys' } as const;

export class SpoolWriter {
  count = 0;
  private readonly text: BufferedFile;
  private readonly records: BufferedFile;
  private readonly keys: BufferedFile;
  private offset = 0;
  private readonly words = new Uint32Array(WORDS);
  private readonly wordBytes = new Uint8Array(this.words.buffer);

  constructor(folder: string) {
    this.text = new BufferedFile(join(folder, FILES.text));
    this.records = new BufferedFile(join(folder, FILES.records));
    this.keys = new BufferedFile(join(folder, FILES.keys));
  }

  add(text: Uint8Array, record: Omit<SpoolRecord, 'offset' | 'bytes'>, keys: Uint32Array): void {
    const offset = this.offset;
    this.text.write(text);
    const words = this.words;
    words[0] = offset % 2 ** 32;
    words[1] = offset / 2 ** 32;
    words[2] = text.length;
    words[3] = record.characters;
    words[4] = record.hashHigh;
    words[5] = record.hashLow;
    words[6] = record.source;
    words[7] = record.number;
    this.records.write(this.wordBytes);
    if (keys.length > 0) this.keys.write(new Uint8Array(keys.buffer, keys.byteOffset, keys.byteLength));
    this.offset += text.length;
    this.count++;
  }

  /** Writes out what is still held back; needed before reading. */
  flush(): void {
    for (const file of [this.text, this.records, this.keys]) file.flush();
  }

  close(): void {
    for (const file of [this.text, this.records, this.keys]) file.close();
  }
}

const READ_RECORDS = 1 << 15;

export class SpoolReader {
  private readonly text: number;
  private readonly records: number;
  private readonly keys: number;

  constructor(folder: string) {
    this.text = openSync(join(folder, FILES.text), 'r');
    this.records = openSync(join(folder, FILES.records), 'r');
    this.keys = openSync(join(folder, FILES.keys), 'r');
  }

  record(document: number): SpoolRecord {
    return recordAt(words(readAt(this.records, document * RECORD_BYTES, RECORD_BYTES)), 0);
  }

  /** All records in order, as their document numbers. */
  *all(): Generator<SpoolRecord> {
    for (let position = 0; ; position += READ_RECORDS * RECORD_BYTES) {
      const block = words(readAt(this.records, position, READ_RECORDS * RECORD_BYTES));
      for (let i = 0; i < block.length; i += WORDS) yield recordAt(block, i);
      if (block.length < READ_RECORDS * WORDS) return;
    }
  }

  /** The bytes of the text file from `offset` on; of one document or of several that lie together. */
  read(offset: number, length: number): Buffer {
    return readAt(this.text, offset, length);
  }

  /** The keys of `count` bands from `band` on, each an array with one key a document. */
  bandKeys(band: number, count: number, bands: number, documents: number): Uint32Array[] {
    const result = Array.from({ length: count }, () => new Uint32Array(documents));
    for (let start = 0; start < documents; start += READ_RECORDS) {
      const block = words(readAt(this.keys, start * bands * 4, READ_RECORDS * bands * 4));
      for (let i = 0; i < block.length / bands; i++) {
        for (let b = 0; b < count; b++) result[b][start + i] = block[i * bands + band + b];
      }
    }
    return result;
  }

  close(): void {
    for (const fd of [this.text, this.records, this.keys]) closeSync(fd);
  }
}

const recordAt = (block: Uint32Array, i: number): SpoolRecord => ({
  offset: block[i] + block[i + 1] * 2 ** 32,
  bytes: block[i + 2],
  characters: block[i + 3],
  hashHigh: block[i + 4],
  hashLow: block[i + 5],
  source: block[i + 6],
  number: block[i + 7],
});

/** Up to `length` bytes; fewer at the end of the file. Never of the shared pool, so that words are aligned. */
function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const read = readSync(fd, buffer, done, length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return buffer.subarray(0, done);
}

const words = (bytes: Buffer): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
