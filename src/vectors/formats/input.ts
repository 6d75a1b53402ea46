/** The bytes of a file that come in pieces, for parsers that are generators: `yield` asks for the next piece. */

/** A parser: it is sent pieces of the file, and null at the end, and returns when it has read enough. */
export type Parser<Result> = Generator<undefined, Result, Uint8Array | null>;

export class Input {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #ended = false;

  /** How much is here and not taken yet. */
  get available(): number {
    return this.#bytes.length - this.#at;
  }

  /** Asks for more; false at the end of the file. */
  *more(): Parser<boolean> {
    if (this.#ended) return false;
    const chunk = yield;
    if (chunk === null) {
      this.#ended = true;
      return false;
    }
    const rest = this.#bytes.subarray(this.#at);
    this.#bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.#at = 0;
    return true;
  }

  /** Waits for `count` bytes; false if the file ends before. */
  *has(count: number): Parser<boolean> {
    while (this.available < count) if (!(yield* this.more())) return false;
    return true;
  }

  /** How far away the next byte of this value is; −1 if there is none, or none within `limit` bytes. */
  *find(byte: number, limit: number, from = 0): Parser<number> {
    for (let searched = from; ; ) {
      const found = this.#bytes.indexOf(byte, this.#at + searched);
      if (found >= 0) return found - this.#at;
      searched = Math.max(from, this.available);
      if (searched > limit || !(yield* this.more())) return -1;
    }
  }

  /** Bytes that stay there: from `from`, as many as are there of `count`. */
  peek(count: number, from = 0): Uint8Array {
    return this.#bytes.subarray(this.#at + from, this.#at + from + count);
  }

  take(count: number): Uint8Array {
    const bytes = this.peek(count);
    this.#at += bytes.length;
    return bytes;
  }

  /** A line without its end, as UTF-8; undefined at the end of the file. */
  *line(): Parser<string | undefined> {
    const end = yield* this.find(NEWLINE, MAX_LINE);
    if (end < 0 && this.available === 0) return undefined;
    const bytes = this.take(end < 0 ? this.available : end);
    if (end >= 0) this.take(1);
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').replace(/\r$/, '');
  }
}

export const NEWLINE = 0x0a;

/** Vectors of a hundred thousand numbers fit into a line; what is longer is no text. */
export const MAX_LINE = 1 << 22;
