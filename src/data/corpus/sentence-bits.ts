/**
 * Where sentences begin in the tokens of a shard: one bit a token, the first token's the lowest of the first byte. It is set
 * for the token that a sentence begins with, and for the token after a document's text (an EOS token), where the last sentence
 * ends. With sentences of about 20 tokens this is smaller than a list of numbers, and needs no index.
 */
import { BufferedFile } from '../prepare/buffered-file.ts';

const byteOf = (token: number): number => Math.floor(token / 8);

/** Writes the bits of one shard, document after document. */
export class BorderWriter {
  private readonly file: BufferedFile;
  /** Tokens so far; those of the last byte are not written yet when it is not full. */
  private tokens = 0;
  private last = 0;

  constructor(path: string) {
    this.file = new BufferedFile(path);
  }

  /** @param length tokens of the document */
  add({ starts, end }: { starts: Uint32Array; end: number }, length: number): void {
    const first = byteOf(this.tokens);
    const bytes = new Uint8Array(byteOf(this.tokens + length) - first + 1);
    bytes[0] = this.last;
    const set = (token: number): void => {
      const place = this.tokens + token;
      bytes[byteOf(place) - first] |= 1 << (place % 8);
    };
    for (const start of starts) set(start);
    if (end < length) set(end);
    this.file.write(bytes.subarray(0, -1));
    this.last = bytes[bytes.length - 1];
    this.tokens += length;
  }

  /** Gives the SHA-256 of what was written. */
  finish(): string {
    if (this.tokens % 8 > 0) this.file.write(Uint8Array.of(this.last));
    return this.file.finish();
  }

  close(): void {
    this.file.close();
  }
}

/** The places of the bits that are set for tokens `start` to `end`, counted from `start`, rising. */
export function bordersIn(bits: Uint8Array, start: number, end: number): number[] {
  const places: number[] = [];
  for (let byte = byteOf(start); 8 * byte < end; byte++) {
    if (bits[byte] === 0) continue;
    for (let place = Math.max(start, 8 * byte); place < Math.min(end, 8 * byte + 8); place++) {
      if ((bits[byte] >>> (place % 8)) & 1) places.push(place - start);
    }
  }
  return places;
}
